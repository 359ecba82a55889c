/* Opens a file of named arrays, of whichever format. */
#ifndef PLATEAU_MODEL_FORMATS_TENSOR_OPEN_H
#define PLATEAU_MODEL_FORMATS_TENSOR_OPEN_H

#include "model/formats/tensor_file.h"

/* What a file is, by how it begins: E_DATA, with the file's name, where it is of no format of this folder. f is then empty; else
 * tensor_file_close releases. */
enum status tensor_open(struct tensor_file *f, const char *path, struct err *err) WARN_UNUSED;

#endif
