/* stub until below */
#include "locate/engine.h"
bool plm_locate_put_svg(const plm_locate *l, plm_str target, const uint64_t *rtt_ns, const plm_locate_verdict *v, plm_buf *out){(void)l;(void)target;(void)rtt_ns;(void)v;(void)out;return false;}
