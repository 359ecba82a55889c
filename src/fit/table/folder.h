/* Folders as sources of a table. */
#ifndef PLATEAU_FIT_TABLE_FOLDER_H
#define PLATEAU_FIT_TABLE_FOLDER_H

#include "fit/table.h"
#include "fit/table/grid.h"

/* The files of a folder that hold one run or more each: results.csv of a sweep alone, else every .json and .jsonl.
 * Paths are joined with the folder's; free with folder_files_free. E_DATA where there is none. */
struct folder_files {
    char **paths; /* (n), owned */
    size_t n;
    bool sweep;
};
enum status folder_files(struct folder_files *f, const char *dir, struct err *err) WARN_UNUSED;
void folder_files_free(struct folder_files *f);

/* The floor of a sweep's language; sources that disagree have no common truth. */
enum status folder_truth(struct fit_table *t, const char *dir, bool first, struct err *err) WARN_UNUSED;

#endif
