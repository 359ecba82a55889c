#include "data/text_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/size.h"

static enum status append(struct text_files *f, const char *path, const struct stat *sb,
                          struct err *err)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].dev == sb->st_dev && f->items[i].ino == sb->st_ino)
            return err_set(err, E_DATA, "%s is given twice (also as %s)", path, f->items[i].path);
    TRY(size_reserve(&f->items, &f->cap, f->n + 1, sizeof *f->items, "the list of files", err));
    char *copy = strdup(path);
    if (!copy)
        return err_set(err, E_NOMEM, "out of memory listing files");
    f->items[f->n++] = (struct text_file){.path = copy, .dev = sb->st_dev, .ino = sb->st_ino};
    return OK;
}

/* lstat: a link could close a circle of folders or name a file that is listed already. */
static enum status add_folder(struct text_files *f, const char *dir, struct err *err)
{
    struct file_list list;
    TRY(file_list_dir(&list, dir, err));
    enum status st = OK;
    for (size_t i = 0; st == OK && i < list.n; i++) {
        char path[FILE_PATH_MAX];
        struct stat sb;
        if (list.names[i][0] == '.')
            continue;
        if ((st = file_join(path, sizeof path, dir, list.names[i], err)) != OK)
            break;
        if (lstat(path, &sb) != 0)
            st = err_errno(err, errno, "cannot read", path);
        else if (S_ISDIR(sb.st_mode))
            st = add_folder(f, path, err);
        else if (S_ISREG(sb.st_mode) && sb.st_size > 0)
            st = append(f, path, &sb, err);
    }
    file_list_free(&list);
    return st;
}

enum status text_files_add(struct text_files *f, const char *path, struct err *err)
{
    struct stat sb;
    if (stat(path, &sb) != 0 && errno == ENOENT && path[0] != '/')
        return err_set(err, E_DATA, "cannot open %s: %s (paths begin in the folder that the command is called in)", path,
                       strerror(errno));
    if (stat(path, &sb) != 0)
        return err_errno(err, errno, "cannot open", path);
    if (S_ISDIR(sb.st_mode)) {
        size_t before = f->n;
        TRY(add_folder(f, path, err));
        if (f->n == before)
            return err_set(err, E_DATA, "%s holds no file with text", path);
        return OK;
    }
    if (!S_ISREG(sb.st_mode))
        return err_set(err, E_DATA, "%s is neither a file nor a folder", path);
    if (sb.st_size == 0)
        return err_set(err, E_DATA, "%s is empty", path);
    return append(f, path, &sb, err);
}

void text_files_free(struct text_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->items[i].path);
    free(f->items);
    *f = (struct text_files){0};
}
