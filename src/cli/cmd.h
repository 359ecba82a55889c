/* The commands: each parses its words, calls the layers below, prints, and returns a status whose
 * message main() shows. argv[0] is the first word after the command's name. */
#ifndef PLATEAU_CLI_CMD_H
#define PLATEAU_CLI_CMD_H

#include "base/log.h"
#include "base/status.h"

typedef enum status cmd_fn(int argc, char **argv, struct err *err);

#define CMD_LIST(X)                                                                                \
    X(sweep, "train the grid of a config, then fit, chart and give a verdict")                     \
    X(status, "how far a sweep is, here or elsewhere")                                           \
    X(train, "train one run")                                                                      \
    X(data, "look at a corpus or a language")                                                         \
    X(fit, "fit scaling laws to finished runs, with intervals and a verdict")                          \
    X(compare, "does a variant move the level, the exponent or the floor?")                        \
    X(plan, "best size and data for a budget of compute, time or loss")                          \
    X(predict, "the loss of one new run, with a prediction interval")                            \
    X(chart, "draw the charts of a sweep, as PNG and SVG")                                         \
    X(results, "tables for a paper: CSV, JSON, Markdown, LaTeX")                                  \
    X(report, "one page of HTML that shows all of a sweep, or of a comparison")                  \
    X(serve, "the page of a sweep, live while it runs, for a browser on this machine")                  \
    X(lab, "a class in ten steps, to a prediction that comes true")                                     \
    X(check, "whether one learning rate serves all widths and depths")                             \
    X(eval, "the loss of a run's or another program's weights")                                    \
    X(export, "a run's weights for transformers or llm.c")                                         \
    X(sample, "words of a trained run, as they come")                                              \
    X(bench, "measure the machine: peak, matrix products, training steps")                         \
    X(config, "print every config key, or a JSON Schema")                                          \
    X(version, "print the version and what this build can do")

#define X(name, summary) cmd_fn cmd_##name;
CMD_LIST(X)
#undef X

/* How this program was called: "build/plateau". */
const char *cmd_program(void);

/* Messages of library code, to stderr. */
struct log cmd_log(void);

#endif
