/* Files and paths. Everything that must survive a crash goes through file_write_atomic. */
#ifndef PLATEAU_BASE_FILE_H
#define PLATEAU_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/* Longest path the tool builds; longer ones are an error, never cut. */
#define FILE_PATH_MAX 4096

/* dst = a "/" b (a alone where b is empty); E_DATA where it does not fit. */
enum status file_join(char *dst, size_t size, const char *a, const char *b,
                      struct err *err) WARN_UNUSED;

bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* The whole file, plus one '\0' that *size does not count. The caller frees *data. A missing file is
 * E_DATA, an unreadable one E_IO. */
enum status file_read(char **data, size_t *size, const char *path, struct err *err) WARN_UNUSED;

/* Write to path.tmp, fsync, rename over path, fsync the folder: a reader or a crash sees the old
 * content or the new, never a part. On failure the temporary file is removed. */
enum status file_write_atomic(const char *path, const void *data, size_t size,
                              struct err *err) WARN_UNUSED;

/* The same for content that is produced in pieces: open, write to *out, then commit or abandon. */
struct file_writer {
    FILE *out;
    char path[FILE_PATH_MAX];
    char tmp[FILE_PATH_MAX + 8];
};
enum status file_writer_open(struct file_writer *w, const char *path, struct err *err) WARN_UNUSED;
enum status file_writer_commit(struct file_writer *w, struct err *err) WARN_UNUSED;
void file_writer_abandon(struct file_writer *w);

/* Create a folder and its parents; fine where it exists already. */
enum status file_mkdirs(const char *path, struct err *err) WARN_UNUSED;

/* Names in a folder, sorted bytewise, without "." and "..". Free with file_list_free. */
struct file_list {
    char **names;
    size_t n;
};
enum status file_list_dir(struct file_list *list, const char *dir, struct err *err) WARN_UNUSED;
void file_list_free(struct file_list *list);

/* The part behind the last '/'. Points into path. */
const char *file_basename(const char *path);

#endif
