/* Where the search of a sweep's rates lies in its folder. */
#ifndef PLATEAU_HARNESS_SEARCH_PATH_H
#define PLATEAU_HARNESS_SEARCH_PATH_H

#include "base/status.h"

/* dir/search, and search.json in it; path: FILE_PATH_MAX bytes. */
enum status search_folder(char *path, const char *dir, struct err *err) WARN_UNUSED;
enum status search_file(char *path, const char *dir, struct err *err) WARN_UNUSED;

#endif
