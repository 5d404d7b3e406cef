/* custody_query.c: `plimsoll custody query`: the event query of EPCIS 2.0's REST binding. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "custody/event.h"
#include "custody/query.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody query"

static const char usage[] =
    "usage: plimsoll custody query --store S [--extension PREFIX=NAMESPACE]... [PARAMETERS]\n\n"
    "Prints the EPCISQueryDocument that GET /events?PARAMETERS of EPCIS 2.0 answers.  PARAMETERS\n"
    "is a query string, percent-encoded where needed; values of a list are joined with '|'.\n"
    "  eventType, EQ_action, EQ_bizStep, EQ_disposition, EQ_readPoint, WD_bizLocation, EQ_eventID\n"
    "  GE_eventTime, LT_eventTime, GE_recordTime, LT_recordTime          from, and before\n"
    "  MATCH_epc, MATCH_parentID, MATCH_inputEPC, MATCH_anyEPC, MATCH_epcClass\n"
    "  EQ_bizTransaction_TYPE, EQ_source_TYPE, EQ_destination_TYPE, EQ_transformationID\n"
    "  EXISTS_errorDeclaration, EQ_errorReason, EQ_type, GE_value_UOM, EQ_quantity\n"
    "  EQ_PREFIX:FIELD, GE_, LT_, EXISTS_, EQ_INNER_, EQ_ILMD_           extension fields\n"
    "  orderBy, orderDirection, eventCountLimit, maxEventCount, perPage, nextPageToken\n"
    "What is not known is refused (QueryParameterException).  With perPage the token of the next\n"
    "page is on stderr.\n\n"
    "examples:\n"
    "  plimsoll custody query --store w.db 'EQ_bizStep=shipping|receiving&perPage=30'\n"
    "  plimsoll custody query --store w.db 'MATCH_anyEPC=urn:epc:id:sscc:9520001.0000000001'\n"
    "  plimsoll custody query --store w.db 'GE_eventTime=2026-01-01T00:00:00Z&maxEventCount=9'\n\n"
    "Exit: 0 done, 2 error (an EPCIS exception is on standard output as RFC 7807 has it).\n";

static int refuse(const plm_equery_error *e) {
    plm_buf b;
    plm_buf_init(&b, 4096);
    plm_equery_problem(e, &b);
    printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
    fprintf(stderr, "plimsoll " VERB_NAME ": %s: %s\n", e->type, e->say);
    return plm_cli_done(PLM_EXIT_ERROR);
}

static int run(const char *where, const plm_equery *q) {
    plm_fault f = {0};
    plm_equery_error e = {0};
    plm_equery_page page;
    plm_buf out;
    plm_store *s = plm_store_open(where, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_buf_init(&out, (size_t)2 << 30);
    bool ok = plm_equery_run(s, q, plm_time_now(), &out, &page, &e, &f);
    int status = 0;
    if (ok) {
        fwrite(out.p, 1, out.n, stdout);
        putchar('\n');
        if (page.next[0]) fprintf(stderr, "nextPageToken=%s\n", page.next);
    } else {
        status = e.type ? refuse(&e) : plm_cli_fault(VERB_NAME, &f);
    }
    plm_buf_free(&out);
    plm_store_close(s);
    return status ? status : plm_cli_done(0);
}

int plm_cli_custody_query(int argc, char **argv) {
    const char *store = NULL, *params = NULL, *v;
    plm_str extension[PLM_EQUERY_PREFIXES_MAX];
    uint32_t n = 0;
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) store = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--extension", &bad))) {
            if (n == PLM_EQUERY_PREFIXES_MAX)
                return plm_cli_usage(VERB_NAME, "more than %u extensions", n);
            extension[n++] = plm_str_c(v);
        } else if (bad || (argv[i][0] == '-' && argv[i][1]) || params) {
            return plm_cli_usage(VERB_NAME, bad ? "'%s' needs a value"
                                                : "'%s' is not understood here", argv[i]);
        } else {
            params = argv[i];
        }
    }
    if (!store) return plm_cli_usage(VERB_NAME, "needs --store S");
    plm_equery q;
    plm_equery_error e;
    bool ok = plm_equery_read(plm_str_c(params ? params : ""), extension, n, &q, &e);
    int status = ok ? run(store, &q) : refuse(&e);
    plm_equery_free(&q);
    return status;
}
