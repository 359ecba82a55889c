#include "base/file_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/system.h"

enum { DEEPEST = 8 }; /* folders of ours are five deep */

enum status file_tree_mkdir(const char *path, struct err *err)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && file_is_dir(path)))
        return OK;
    return err_set(err, E_IO, "cannot create folder %s: %s", path, strerror(errno));
}

enum status file_tree_move(enum file_tree_moved *how, const char *from, const char *to, bool durable, struct err *err)
{
    *how = FILE_TREE_MOVED;
    if (rename(from, to) == 0) {
        if (durable) {
            file_sync_parent(to);
            file_sync_parent(from);
        }
        return OK;
    }
    int e = errno;
    if (e == ENOTEMPTY || e == EEXIST)
        *how = FILE_TREE_THERE;
    else if (e == ENOENT || e == ESTALE)
        *how = FILE_TREE_GONE;
    else
        return err_set(err, E_IO, "cannot move %s to %s: %s", from, to, strerror(e));
    return OK;
}

static enum status write_whole(const char *path, const void *data, size_t size, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666), e = 0;
    ssize_t n = fd < 0 ? -1 : write(fd, data, size);
    if (n != (ssize_t)size)
        e = n < 0 ? errno : ENOSPC;
    if (!e && system_sync(fd) != 0 && errno != EINVAL && errno != EROFS)
        e = errno;
    if (fd >= 0 && close(fd) != 0 && !e)
        e = errno;
    if (e && fd >= 0)
        unlink(path);
    return e ? err_set(err, E_IO, "cannot write %s: %s", path, strerror(e)) : OK;
}

enum status file_tree_write_first(bool *first, const char *path, const void *data, size_t size, struct err *err)
{
    char tmp[FILE_PATH_MAX + 40];
    uint64_t nonce = system_nonce();
    *first = false;
    if (file_exists(path))
        return OK;
    /* the name of a temporary file of this process, as file.h has them, and no other machine's */
    snprintf(tmp, sizeof tmp, "%s.tmp-%ld-%llu", path, (long)getpid(), (unsigned long long)nonce);
    TRY(write_whole(tmp, data, size, err));
    int e = link(tmp, path) == 0 ? 0 : errno;
    *first = e == 0;
    /* no hard links here: then the last of several that come at once is first, and their content is the same */
    if ((e == EPERM || e == ENOTSUP || e == EOPNOTSUPP || e == ENOSYS || e == EMLINK) && !file_exists(path)) {
        e = rename(tmp, path) == 0 ? 0 : errno;
        *first = e == 0;
    }
    unlink(tmp);
    file_sync_parent(path);
    return e == 0 || e == EEXIST ? OK : err_set(err, E_IO, "cannot write %s: %s", path, strerror(e));
}

static void remove_below(const char *path, int depth)
{
    struct file_list list;
    struct stat sb;
    char inside[FILE_PATH_MAX];
    if (lstat(path, &sb) != 0)
        return;
    if (!S_ISDIR(sb.st_mode)) {
        unlink(path);
        return;
    }
    if (depth < DEEPEST && file_list_dir(&list, path, NULL) == OK) {
        for (size_t i = 0; i < list.n; i++)
            if (file_join(inside, sizeof inside, path, list.names[i], NULL) == OK)
                remove_below(inside, depth + 1);
        file_list_free(&list);
    }
    rmdir(path);
}

void file_tree_remove(const char *path)
{
    remove_below(path, 0);
}
