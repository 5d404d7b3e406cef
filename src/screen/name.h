/* name.h: a name read into tokens: folded to Latin letters, with a phonetic form, a consonant
 * key, a class and a weight.  Shared by the files of src/screen; not public. */
#ifndef PLM_SCREEN_NAME_H
#define PLM_SCREEN_NAME_H

#include "plimsoll/base.h"

#define NAME_TOKENS 48   /* tokens of one name; more are left over */
#define NAME_FORM 31     /* letters of a token; the rest of a longer one is hashed into it */
#define NAME_KEY 15
#define PLM_WEIGHT_INITIAL 130
#define NAME_SPANS 160   /* tokens, raw words, joins and the acronym of one name */

typedef enum name_script {
    SCRIPT_LATIN, SCRIPT_CYRILLIC, SCRIPT_ARABIC, SCRIPT_HEBREW, SCRIPT_HANGUL, SCRIPT_HAN,
    SCRIPT_KANA, SCRIPT_OTHER
} name_script;

typedef enum token_kind {
    TOKEN_PLAIN, TOKEN_LEGAL, TOKEN_PARTICLE, TOKEN_TITLE, TOKEN_GENERIC, TOKEN_PLACE,
    TOKEN_NUMBER, TOKEN_INITIAL
} token_kind;

/* A word as it will be compared.  Trivially copyable; compared by bytes when made distinct. */
typedef struct unit {
    char form[NAME_FORM + 1];
    char phon[NAME_FORM + 1];  /* sounds: vowels aeiou, S C J H for sh ch j kh */
    char key[NAME_KEY + 1];    /* its consonants, voiced and unvoiced as one */
    uint8_t form_n, phon_n, key_n;
    uint8_t script, kind;
    uint8_t join;              /* made of several tokens: compared by its letters only */
    uint8_t known;             /* in the lexicon: hardly another word mistyped */
    uint16_t cls;              /* spellings of one name share a class; 0: none */
    uint16_t weight;           /* 0 to 1000: how much it tells names apart */
} unit;

typedef struct token {
    unit u;
    uint16_t at, n;            /* its bytes in the name */
    bool acronym;              /* of the words beside it: a name of its own */
} token;

/* A run of tokens that is compared as one. */
typedef struct span {
    unit u;
    uint8_t first, count;
} span;

typedef struct name_parse {
    uint32_t token_n, span_n;
    bool mixed_script, cut;    /* cut: tokens past NAME_TOKENS were left out */
    bool native;               /* has letters that are not Latin */
    uint32_t weight;           /* sum of the tokens' */
    token tokens[NAME_TOKENS];
    span spans[NAME_SPANS];    /* the first token_n are the tokens themselves */
} name_parse;

/* A word between fold.c and token.c. */
typedef struct word {
    char form[96];
    uint8_t n, script;
    bool number, dotted;       /* dotted: initials written A.B.C. */
    bool ready;                /* canonical already (from the script lexicon) */
    uint8_t kind;
    uint16_t at, len;
    uint8_t group;             /* words of one written word share it */
} word;
#define NAME_WORDS 64

/* Splits UTF-8 text into folded words; false when it is not UTF-8. */
bool plm_fold_words(plm_str text, word *out, uint32_t *n, name_parse *flags);
/* The same letter by letter, for addresses: folded text with single spaces, ASCII only. */
uint32_t plm_fold_letter_text(uint32_t cp, char out[16]);

/* Reads a name; false when it is not UTF-8 (out is then empty). */
bool plm_name_read(plm_str text, name_parse *out);
/* The acronym of four letters and more that stands beside its words in text, a name of its own;
 * empty when there is none.  p: text as read. */
plm_str plm_name_acronym(plm_str text, const name_parse *p);
/* text without the brackets at its end, which say something of the name or say it again:
 * Rosoboronexport OJSC (ROE); empty where there are none or nothing stands before them. */
plm_str plm_name_outside(plm_str text);
/* Fills phon and key of u from form. */
void plm_unit_sound(unit *u);

/* Mixes n bytes into a running hash: for plm_index_fingerprint. */
uint64_t plm_name_mix(uint64_t h, const void *p, size_t n);
/* Mixes the folding tables, the lexicon into it. */
uint64_t plm_fold_mix_tables(uint64_t h);
uint64_t plm_lex_mix_tables(uint64_t h);

/* Next code point of s at *i; 0xFFFFFFFF for bytes that are not UTF-8. */
uint32_t plm_utf8_next(plm_str s, size_t *i);

typedef struct lexeme {
    uint32_t key_at, out_at;   /* in plm_lex_text; out: canonical words or "" */
    uint16_t cls, weight;      /* weight 0: none of its own */
    uint8_t key_n, kind, phrase, script; /* phrase: most words of a phrase that begins so */
} lexeme;
/* Looks a folded word or phrase up; NULL when it is none.  script: 'l' Latin, 'x' native,
 * 'h' Han. */
const lexeme *plm_lex_find(char script, const char *p, size_t n);
extern const char plm_lex_text[];
extern const lexeme plm_lex_table[];
extern const uint16_t plm_lex_hash[];
extern const uint32_t plm_lex_hash_size;
extern const uint16_t plm_lex_nick_first, plm_lex_nick_last; /* classes that are nicknames */

#endif
