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

/* Open or read a file of our own, such as those of a run folder: anything but a regular file (a FIFO, on which
 * reading could wait for ever, a device, a folder) is E_DATA. */
enum status file_open_regular(FILE **out, const char *path, struct err *err) WARN_UNUSED;
enum status file_read_regular(char **data, size_t *size, const char *path, struct err *err) WARN_UNUSED;

/* E_DATA where path is a symbolic link: what we write must not land where a link leads. A missing file is fine. */
enum status file_refuse_link(const char *path, struct err *err) WARN_UNUSED;

/* Open a file of our own for writing in place, and create it where it is missing; its bytes are kept. Symbolic
 * links and whatever is no regular file are E_DATA. A file that has other names too (hard links, as backups make
 * them) is first replaced by a copy, so that the others stay as they are. "r+b". */
enum status file_open_in_place(FILE **out, const char *path, struct err *err) WARN_UNUSED;

/* Make a rename durable: the entry of the folder that `path` lies in must reach the disk too. Some file systems refuse. */
void file_sync_parent(const char *path);
/* Write to a temporary name of its own beside path, fsync, rename over path, fsync the folder: a reader or a crash sees
 * the old content or the new, never a part, and several writers do not meet. On failure the temporary file is
 * removed. A device, and what stands for an open file such as /dev/stdout, is written to as it is. */
enum status file_write_atomic(const char *path, const void *data, size_t size,
                              struct err *err) WARN_UNUSED;

/* The same for content that is produced in pieces: open, write to *out, then commit or abandon. */
struct file_writer {
    FILE *out;
    char path[FILE_PATH_MAX];
    char tmp[FILE_PATH_MAX + 40];
};
enum status file_writer_open(struct file_writer *w, const char *path, struct err *err) WARN_UNUSED;
enum status file_writer_commit(struct file_writer *w, struct err *err) WARN_UNUSED;
void file_writer_abandon(struct file_writer *w);

/* Remove the temporary files in dir that processes which are gone have left behind; with all, whoever made them: where
 * the caller's lock says that nobody else writes there. Failures are passed over. */
void file_sweep_temporaries(const char *dir, bool all);

/* Create a folder and its parents; fine where it exists already. */
enum status file_mkdirs(const char *path, struct err *err) WARN_UNUSED;

/* Names in a folder, sorted bytewise, without "." and "..". Free with file_list_free. */
struct file_list {
    char **names;
    size_t n;
};
enum status file_list_dir(struct file_list *list, const char *dir, struct err *err) WARN_UNUSED;
void file_list_free(struct file_list *list);

/* The part after the last '/'. Points into path. */
const char *file_basename(const char *path);

#endif
