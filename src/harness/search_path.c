#include "harness/search_path.h"

#include "base/file.h"

enum status search_folder(char *path, const char *dir, struct err *err)
{
    return file_join(path, FILE_PATH_MAX, dir, "search", err);
}

enum status search_file(char *path, const char *dir, struct err *err)
{
    char folder[FILE_PATH_MAX];
    TRY(search_folder(folder, dir, err));
    return file_join(path, FILE_PATH_MAX, folder, "search.json", err);
}
