/* What `plateau data` prints of a text, a language or the data of a config. */
#ifndef PLATEAU_CLI_DATA_INFO_H
#define PLATEAU_CLI_DATA_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/config.h"

/* Sizes of the text of s->files, and the held-out loss of a bigram byte model; bigram_only: that alone. */
enum status data_info_text(const struct data_spec *s, size_t ctx, bool bigram_only, struct err *err) WARN_UNUSED;

/* Of files of tokens: what they are, how many tokens, bytes a token, the held-out loss of a unigram and a bigram model, and a
 * sample. bigram_only: the loss alone. */
enum status data_info_files(const struct data_spec *s, size_t ctx, bool bigram_only, struct err *err) WARN_UNUSED;
/* Whether that file is one of tokens, by its content or, where that has no mark, its name. */
bool data_info_is_tokens(const char *path);

/* Size and numbers of the data, its floor, what theory says of it, what comes of a cap on its tokens, and a sample: the start
 * of a run's first window of c->model.ctx tokens. Then the same of a second source, and how it is mixed in. */
enum status data_info(const struct config *c, struct err *err) WARN_UNUSED;

#endif
