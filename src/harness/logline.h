/* log.jsonl, read back. The lines are the tool's own (runlog.c), so their keys stand in a known form; what was cut
 * short or damaged is noticed and never read beyond. */
#ifndef PLATEAU_HARNESS_LOGLINE_H
#define PLATEAU_HARNESS_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum logline_kind { LOGLINE_BAD, LOGLINE_START, LOGLINE_STEP, LOGLINE_EVAL };

struct logline {
    enum logline_kind kind;
    const char *text; /* (n) without its newline; borrowed */
    size_t n;
};

/* What kind of line these bytes are. */
struct logline logline_of(const char *text, size_t n);

/* The line that begins at *at, which moves to the next; false at `end`. A last line without its newline was cut
 * short and is LOGLINE_BAD. */
bool logline_next(struct logline *l, const char **at, const char *end);

/* The number after "key": NaN for null and for a key that the line lacks. */
double logline_number(const struct logline *l, const char *key);
/* The text after "key": in out; "" where the line has none, or one that does not fit. */
void logline_text(char *out, size_t size, const struct logline *l, const char *key);

/* The number, from 1, of the first line that is none of a log's; 0: all are whole. */
size_t logline_first_bad(const char *text, size_t size);

/* Hash of a log, but for the speeds in it: they alone differ between two runs of one config. */
uint64_t logline_checksum(const char *text, size_t size);

#endif
