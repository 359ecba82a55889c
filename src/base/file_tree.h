/* Folders that several machines share: what is made, moved or written once, by whichever of them is first. All of it rests on
 * rename and link, which are whole or nothing on every POSIX file system, NFS included. */
#ifndef PLATEAU_BASE_FILE_TREE_H
#define PLATEAU_BASE_FILE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* One folder below a parent that must be there: unlike file_mkdirs, it never brings back one that was moved away. Fine where
 * it is there. */
enum status file_tree_mkdir(const char *path, struct err *err) WARN_UNUSED;

/* What came of a move: it was made; `to` was there already (a folder with something in it); `from` is no longer there. */
enum file_tree_moved { FILE_TREE_MOVED, FILE_TREE_THERE, FILE_TREE_GONE };

/* Give a folder another name below the same file system, its content with it. Of many that move one folder one succeeds, and
 * of many that move theirs to one name. durable: the new name is on the disk when this returns. */
enum status file_tree_move(enum file_tree_moved *how, const char *from, const char *to, bool durable, struct err *err) WARN_UNUSED;

/* Write a file unless there is one of that name: *first says whether this content is what lies there. Never a part of it, and
 * never over another. */
enum status file_tree_write_first(bool *first, const char *path, const void *data, size_t size, struct err *err) WARN_UNUSED;

/* Remove a folder and what is in it; links are removed, not followed. Failures are passed over. */
void file_tree_remove(const char *path);

#endif
