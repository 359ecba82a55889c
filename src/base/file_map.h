/* A file as memory: what is read of it is fetched, and let go where memory is short. */
#ifndef PLATEAU_BASE_FILE_MAP_H
#define PLATEAU_BASE_FILE_MAP_H

#include <stddef.h>

#include "base/status.h"

struct file_map {
    const unsigned char *bytes; /* (n); NULL of an empty file */
    size_t n;
};

/* E_DATA where path is no regular file. Where somebody shortens the file afterwards, reading what is gone ends the program. */
enum status file_map_open(struct file_map *m, const char *path, struct err *err) WARN_UNUSED;
void file_map_close(struct file_map *m);

#endif
