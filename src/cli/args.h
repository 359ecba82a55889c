/* Command-line parsing from one table per command: the table also prints --help.
 *
 * Options may stand anywhere among the positional words, as --name VALUE or --name=VALUE; "--" ends
 * them. Anything unknown is E_USAGE and names the nearest option. */
#ifndef PLATEAU_CLI_ARGS_H
#define PLATEAU_CLI_ARGS_H

#include "base/status.h"
#include "cli/args_spec.h"

/* Fill the targets; `positionals` receives the other words. *help is set where --help was given: the
 * usage has been printed to stdout then and the command should return OK. */
enum status args_parse(const struct args_spec *spec, struct arg_list *positionals, bool *help,
                       int argc, char **argv, struct err *err) WARN_UNUSED;
/* What a shell would be given to run this command again: how the program was called, the command and its words, without
 * the word `skip` (may be NULL). "the same command" where that does not fit into size bytes. */
void args_quote(char *out, size_t size, const char *command, int argc, char **argv, const char *skip);

void args_free(const struct args_spec *spec, struct arg_list *positionals);

#endif
