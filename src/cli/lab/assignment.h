/* The take-home: own corpus, own BPE, four sizes by three budgets of tokens, a X^b + c against size, data and compute, the
 * frontier, the literature, limits. One command, one page: assignment.html. */
#ifndef PLATEAU_CLI_LAB_ASSIGNMENT_H
#define PLATEAU_CLI_LAB_ASSIGNMENT_H

#include "cli/lab/lab.h"

/* Learn the BPE, train configs/lab/assignment.json on it, as what is there already allows, and write the page. `minutes` above
 * 0: budgets of tokens are multiplied to take about so long. */
enum status assignment_do(struct lab *l, double minutes, struct err *err) WARN_UNUSED;

#endif
