#include "base/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum status file_map_open(struct file_map *m, const char *path, struct err *err)
{
    struct stat sb;
    *m = (struct file_map){0};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* opening a FIFO would wait for its other end */
    if (fd < 0)
        return err_errno(err, errno, "cannot open", path);
    enum status st = OK;
    if (fstat(fd, &sb) != 0)
        st = err_errno(err, errno, "cannot read", path);
    else if (S_ISDIR(sb.st_mode))
        st = err_set(err, E_DATA, "%s is a folder: give its files", path);
    else if (!S_ISREG(sb.st_mode))
        st = err_set(err, E_DATA, "%s is no regular file", path);
    else if ((uint64_t)sb.st_size > SIZE_MAX)
        st = err_set(err, E_NOMEM, "%s is too large", path);
    if (st == OK && sb.st_size > 0) {
        void *p = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            st = err_errno(err, errno, "cannot read", path);
        else
            *m = (struct file_map){p, (size_t)sb.st_size};
    }
    close(fd);
    return st;
}

void file_map_close(struct file_map *m)
{
    if (m->bytes)
        munmap((void *)m->bytes, m->n);
    *m = (struct file_map){0};
}
