/* safetensors: a uint64 length, so many bytes of JSON that name arrays with their types, shapes and places, then the arrays,
 * little-endian, one after the other (https://github.com/huggingface/safetensors, "Format").
 *
 * What is read: { NAME: { "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] }, ..., "__metadata__": { words } } and
 * nothing else: no name twice, no places that overlap or leave a hole, to the file's last byte. */
#ifndef PLATEAU_MODEL_FORMATS_SAFETENSORS_H
#define PLATEAU_MODEL_FORMATS_SAFETENSORS_H

#include <stdio.h>

#include "model/formats/tensor_file.h"

/* Fill f from the file that f->map holds. E_DATA with the reason, without the file's name. */
enum status safetensors_index(struct tensor_file *f, struct err *err) WARN_UNUSED;

/* The head of a file that holds the arrays of list (n), in that order, each of which has name, dims and F32; their begin and
 * end are filled in. metadata: JSON members, as "\"a\":\"b\""; "": none. The data begin at a multiple of 64 bytes of the
 * file. *text (*size bytes), owned by the caller. */
enum status safetensors_head(char **text, size_t *size, struct stored *list, size_t n, const char *metadata,
                             struct err *err) WARN_UNUSED;

#endif
