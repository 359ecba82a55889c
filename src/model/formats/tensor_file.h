/* Files that hold named arrays: what a reader gives, and where they lie in memory, which is the file itself, mapped.
 *
 * A reader is a file of this folder. It checks all that the file says of itself before it gives anything: what lies outside
 * the file is never touched, and no more is allocated than a small multiple of what describes the arrays. */
#ifndef PLATEAU_MODEL_FORMATS_TENSOR_FILE_H
#define PLATEAU_MODEL_FORMATS_TENSOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file_map.h"
#include "base/status.h"

/* X(name, bytes): the types of safetensors. Numbers of the first four can be read as floats. */
#define STORED_TYPES(X)                                                                                                 \
    X(F32, 4) X(F16, 2) X(BF16, 2) X(F64, 8)                                                                            \
    X(BOOL, 1) X(U8, 1) X(I8, 1) X(F8_E4M3, 1) X(F8_E5M2, 1) X(I16, 2) X(U16, 2) X(I32, 4) X(U32, 4) X(I64, 8) X(U64, 8)
enum stored_type {
#define X(name, bytes) STORED_##name,
    STORED_TYPES(X)
#undef X
    STORED_N_TYPES
};

enum { STORED_DIMS_MAX = 8 };

struct stored {
    const char *name;
    enum stored_type type;
    size_t dims[STORED_DIMS_MAX], n_dims;
    size_t begin, end; /* in the data */
    bool transposed;   /* a matrix that the format keeps the other way round than safetensors of GPT-2 */
};

struct tensor_file {
    struct file_map map;
    const unsigned char *data; /* (n_data bytes) */
    size_t n_data;
    struct stored *list; /* (n), by name; owned, as is what names point into */
    size_t n;
    char *names;
    bool whole;    /* the format says all of a model's shape: no config.json belongs to it */
    size_t n_head; /* of whom the file says it; 0: it does not */
};

void tensor_file_close(struct tensor_file *f);

/* NULL where there is none of that name. */
const struct stored *tensor_file_find(const struct tensor_file *f, const char *name);

/* n numbers from the i-th on, as floats; the tensor's type is one that has floats. */
void tensor_file_floats(float *out, const struct tensor_file *f, const struct stored *s, size_t i, size_t n);

const char *stored_type_name(enum stored_type type);
size_t stored_type_bytes(enum stored_type type);
/* "[3, 5]"; returns buf. */
const char *stored_dims(char *buf, size_t size, const struct stored *s);
bool stored_has_floats(const struct stored *s);

#endif
