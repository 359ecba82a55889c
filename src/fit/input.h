/* What a fit was made from, kept beside its numbers: DESIGN section 8, "input". A stored fit is current while the
 * tool, the rows and the options are those that it names, and intact while it is, byte for byte, what was written:
 * its last key is a checksum of all before it. */
#ifndef PLATEAU_FIT_INPUT_H
#define PLATEAU_FIT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/table.h"
#include "fit/verdict/envelope.h"

enum input_kind { INPUT_FLAG, INPUT_TEXT, INPUT_NUMBER, INPUT_WHOLE, INPUT_LIST };

/* One option. where, fix, tie and seed stand in "input" itself, the others in its "options". */
struct input_setting {
    const char *name;
    enum input_kind kind;
    bool flag;
    const char *text; /* NULL: null */
    double number;
    uint64_t whole;
    const char *const *list; /* (n) */
    size_t n;
};

struct fit_input {
    const char *version;
    const char *const *files; /* (n_files) */
    size_t n_files;
    size_t rows;
    uint64_t fingerprint;     /* input_fingerprint */
    const struct input_setting *settings; /* (n_settings) */
    size_t n_settings;
};

/* Hash of all that a fit reads: every row but for its speed, what was left out, the true floor, and the training
 * curves. The same rows in another order are another input, for resamples draw by position. */
uint64_t input_fingerprint(const struct fit_table *t, const struct envelope_curve *curves, size_t n_curves);

/* The same options with the same values, in the same order. */
bool input_same_settings(const struct input_setting *a, size_t n_a, const struct input_setting *b, size_t n_b);

/* The report with "input" and "checksum" after its keys, and a line's end. *json is replaced. */
enum status input_seal(char **json, const struct fit_input *in, struct err *err) WARN_UNUSED;

/* A fit.json as it lies there. */
struct stored_fit {
    bool there, intact;
    uint64_t checksum;
    char *input; /* JSON text; NULL where not intact */
};

/* A missing or damaged file is no failure. stored_free in every case. */
enum status stored_read(struct stored_fit *s, const char *path, struct err *err) WARN_UNUSED;
void stored_free(struct stored_fit *s);

/* Was it made from just this? Where not, why names the first difference in words ("" where it is the same). */
enum status stored_compare(bool *same, char *why, size_t size, const struct stored_fit *s,
                           const struct fit_input *in, struct err *err) WARN_UNUSED;
/* The JSON text of one option, false where the file has none of that name or it does not fit. */
bool stored_option(char *out, size_t size, const struct stored_fit *s, const char *name);
/* Have all but the options in `except` (n) the values that they have in `in`? */
enum status stored_same_options(bool *same, const struct stored_fit *s, const struct fit_input *in,
                                const char *const *except, size_t n, struct err *err) WARN_UNUSED;

#endif
