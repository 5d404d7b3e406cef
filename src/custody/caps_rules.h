/* caps_rules.h: a rule set in memory. */
#ifndef PLM_CUSTODY_CAPS_RULES_H
#define PLM_CUSTODY_CAPS_RULES_H

#include "custody/caps.h"

typedef struct plm_caps_dated {
    plm_day from, until;
    bool member[PLM_CAPS_COUNTRIES];
    char name[PLM_CAPS_TEXT_MAX]; /* of a head office */
} plm_caps_dated;

typedef struct plm_caps_group {
    char name[64];
    plm_caps_dated row[8];
    size_t n;
} plm_caps_group;

typedef struct plm_caps_step {
    plm_day from, to;
    plm_tpp limit, limit_with_agreement;
} plm_caps_step;

typedef enum plm_caps_shape {
    PLM_CAPS_YEARLY,     /* a limit each calendar year */
    PLM_CAPS_PERIODS,    /* a limit each period */
    PLM_CAPS_CUMULATIVE, /* a limit on everything up to the end of each step */
    PLM_CAPS_OUTSIDE,    /* share of the company's TPP outside a group */
    PLM_CAPS_COUNTRY,    /* share in any one country outside a group */
    PLM_CAPS_OF_BASE     /* TPP in some countries against that in others */
} plm_caps_shape;

typedef struct plm_caps_cap {
    char id[64], cite[160], word[16]; /* word: LPP …, or * */
    plm_caps_shape shape;
    bool per_company, per_consignee, per_country;
    plm_caps_step step[PLM_CAPS_STEPS_MAX];
    size_t steps;
    int percent;
    int group, none_in, zero_in; /* index of a group; -1: none */
    bool in[PLM_CAPS_COUNTRIES], base[PLM_CAPS_COUNTRIES];
    bool has_in;
    plm_country head_office; /* 0: whatever it is */
} plm_caps_cap;

struct plm_caps_rules {
    char name[32];
    plm_caps_group group[8];
    size_t groups;
    plm_caps_dated agreement[PLM_CAPS_MEMBERS_MAX], office[PLM_CAPS_MEMBERS_MAX];
    size_t agreements, offices;
    plm_caps_cap cap[PLM_CAPS_LIST_MAX];
    size_t caps;
};

bool plm_caps_in_group(const plm_caps_rules *r, int group, plm_country c, plm_day day);
bool plm_caps_has_agreement(const plm_caps_rules *r, plm_country c, plm_day day);
plm_country plm_caps_head_office(const plm_caps_rules *r, plm_str company, plm_day day);

#endif
