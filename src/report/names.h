/* What the numbers of a report are called: on charts, in the terminal and in fit.json. One row each; whoever shows a number
 * takes its words, its symbol and the form of its digits from here. tests/test_report.c holds the keys against fit.json. */
#ifndef PLATEAU_REPORT_NAMES_H
#define PLATEAU_REPORT_NAMES_H

#include "plot/rich.h"
#include "report/number.h"

/* Constant, key in fit.json (with dots between levels), symbol, words, form of the number. */
/* clang-format off */
#define NAMES(X) \
    X(FLOOR,      "verdict.floor", "L" RICH_DOWN "∞" RICH_END, "floor", NUMBER_LOSS) \
    X(GAIN,       "verdict.gain_next_doubling", "ΔL", "gain of the next doubling", NUMBER_LOSS) \
    X(LOSS,       "verdict.loss", "L" RICH_UP "*" RICH_END, "loss on the frontier", NUMBER_LOSS) \
    X(HALVING,    "verdict.doublings_to_halve_excess", "1/γ", "doublings that halve the excess", NUMBER_PLAIN) \
    X(NOISE,      "verdict.noise", "σ", "noise of one run", NUMBER_LOSS) \
    X(FLATTEN,    "verdict.flattens_at_flops", "C" RICH_DOWN "flat" RICH_END, "where returns flatten", NUMBER_COMPUTE) \
    X(BREAK_AT,   "verdict.break.place", "C" RICH_DOWN "0" RICH_END, "where the excess changes course", NUMBER_COMPUTE) \
    X(N_EXPONENT, "frontier.n_exponent", "a", "exponent of the best size", NUMBER_PLAIN) \
    X(D_EXPONENT, "frontier.d_exponent", "b", "exponent of the best amount of data", NUMBER_PLAIN) \
    X(EXPONENT,   "frontier.loss.g", "γ", "exponent of the excess", NUMBER_PLAIN) \
    X(LARGEST,    "verdict.largest_flops", "C", "largest budget", NUMBER_COMPUTE)
/* clang-format on */

enum name {
#define X(id, key, symbol, words, form) NAME_##id,
    NAMES(X)
#undef X
    NAME_N
};

struct name_row {
    const char *key, *symbol, *words;
    enum number_form form;
};
const struct name_row *name_row(enum name name);

/* A parameter or the form of a law as papers write them, with Greek letters and raised exponents, from the names that
 * fit.json and the tables have: "E + A/N^alpha + B/D^beta". */
void name_pretty(char *out, size_t size, const char *plain);

#endif
