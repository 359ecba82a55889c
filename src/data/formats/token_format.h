/* Files of tokens: what each kind of file says of itself in front. One row a format. */
#ifndef PLATEAU_DATA_FORMATS_TOKEN_FORMAT_H
#define PLATEAU_DATA_FORMATS_TOKEN_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Where the tokens lie: n of them, each `width` bytes, least significant first, from byte `at` to the end. */
struct token_layout {
    size_t at, n, width; /* width: 2 or 4 */
    const char *name; /* of the format, for people */
};

struct token_format {
    bool (*is)(const unsigned char *bytes, size_t n);
    /* *l without name. E_DATA with the reason alone. It reads what is in front, never the tokens. */
    enum status (*read)(struct token_layout *l, const unsigned char *bytes, size_t n, struct err *err);
};

/* Name of the file in this folder, and what people call it. The first that a file is of counts, so that the bare one, which
 * has no mark of its own, is the last. */
#define TOKEN_FORMATS(X)                                                                                       \
    X(llmc, "llm.c shard")                                                                                     \
    X(npy, "NumPy array")                                                                                      \
    X(bare, "bare uint16")

/* The layout of a file of n >= 1 bytes, told by its content. E_DATA with the reason alone. */
enum status token_format_read(struct token_layout *l, const unsigned char *bytes, size_t n, struct err *err) WARN_UNUSED;
/* Whether it has the mark of a format, so that it is no text. */
bool token_format_is_marked(const unsigned char *bytes, size_t n);

#endif
