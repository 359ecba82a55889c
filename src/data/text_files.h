/* The files behind a list of paths: a folder stands for the regular files below it, sorted by path;
 * names that start with a dot, symbolic links and empty files inside a folder are passed over. */
#ifndef PLATEAU_DATA_TEXT_FILES_H
#define PLATEAU_DATA_TEXT_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

struct text_file {
    char *path;
    dev_t dev; /* with ino: tells one file under two names */
    ino_t ino;
};

struct text_files {
    struct text_file *items;
    size_t n, cap;
};

/* Append what `path` stands for. E_DATA for a missing or empty one and for a file already listed. */
enum status text_files_add(struct text_files *f, const char *path, struct err *err) WARN_UNUSED;
void text_files_free(struct text_files *f);

#endif
