/* What in the protocol of a planned sweep can move the law, said before it trains. */
#ifndef PLATEAU_CLI_PROTOCOL_H
#define PLATEAU_CLI_PROTOCOL_H

#include <stdio.h>

#include "harness/plan.h"

/* Of c's plan p: lines that begin with "careful: ", or with "protocol: " where only runs could tell. left_out (a trajectory each;
 * NULL: none): runs that will not be trained. */
enum status protocol_print(FILE *out, const struct config *c, const struct plan *p, const bool *left_out,
                           struct err *err) WARN_UNUSED;

#endif
