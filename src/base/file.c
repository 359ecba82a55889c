#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "base/system.h"

#define TMP_MARK ".tmp-"

enum status file_join(char *dst, size_t size, const char *a, const char *b, struct err *err)
{
    size_t na = strlen(a);
    const char *sep = (na == 0 || a[na - 1] == '/' || b[0] == '\0') ? "" : "/";
    int n = snprintf(dst, size, "%s%s%s", a, sep, b);
    if (n < 0 || (size_t)n >= size)
        return err_set(err, E_DATA, "path too long: %.200s...", a);
    return OK;
}

bool file_exists(const char *path)
{
    struct stat sb;
    return stat(path, &sb) == 0;
}

bool file_is_dir(const char *path)
{
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static enum status read_stream(char **data, size_t *size, FILE *f, const char *path,
                               struct err *err)
{
    size_t cap = 1 << 16, n = 0;
    struct stat sb;
    if (fstat(fileno(f), &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0)
        cap = (size_t)sb.st_size + 1;
    char *buf = NULL;
    for (;;) {
        char *bigger = realloc(buf, cap + 1);
        if (!bigger) {
            free(buf);
            return err_set(err, E_NOMEM, "out of memory: %zu bytes for %s", cap, path);
        }
        buf = bigger;
        n += fread(buf + n, 1, cap - n, f);
        if (n < cap)
            break;
        if (!size_mul(&cap, cap, 2)) {
            free(buf);
            return err_set(err, E_NOMEM, "%s is too large", path);
        }
    }
    if (ferror(f)) {
        int e = errno;
        free(buf);
        return err_errno(err, e, "cannot read", path);
    }
    buf[n] = '\0';
    *data = buf;
    *size = n;
    return OK;
}

enum status file_read(char **data, size_t *size, const char *path, struct err *err)
{
    *data = NULL;
    *size = 0;
    if (file_is_dir(path))
        return err_errno(err, EISDIR, "cannot read", path);
    FILE *f = fopen(path, "rb");
    if (!f)
        return err_errno(err, errno, "cannot open", path);
    enum status st = read_stream(data, size, f, path, err);
    fclose(f);
    return st;
}

/* A file that we were to create: a missing parent is the system's word, not bad data. */
static enum status write_error(struct err *err, int errnum, const char *path)
{
    enum status st = err_errno(err, errnum, "cannot write", path);
    if (st == E_DATA) {
        st = E_IO;
        if (err)
            err->code = st;
    }
    return st;
}

/* A regular file and nothing that is reached through a link. flags: O_RDONLY or O_RDWR, and O_CREAT. */
static enum status open_own(int *fd, const char *path, int flags, struct err *err)
{
    bool write = (flags & O_ACCMODE) != O_RDONLY;
    struct stat sb;
    /* O_NONBLOCK: opening a FIFO would wait for its other end */
    *fd = open(path, flags | O_NONBLOCK | O_CLOEXEC | (write ? O_NOFOLLOW : 0), 0666);
    if (*fd < 0 && errno == ELOOP && write)
        return err_set(err, E_DATA, "%s is a link: files of a run folder are not written through links", path);
    if (*fd < 0 && (errno == ENXIO || errno == EISDIR))
        return err_set(err, E_DATA, "%s is no regular file", path);
    if (*fd < 0)
        return write ? write_error(err, errno, path) : err_errno(err, errno, "cannot open", path);
    if (fstat(*fd, &sb) == 0 && S_ISREG(sb.st_mode))
        return OK;
    close(*fd);
    *fd = -1;
    return err_set(err, E_DATA, "%s is no regular file", path);
}

static enum status stream_of(FILE **out, int fd, const char *mode, const char *path, struct err *err)
{
    *out = fdopen(fd, mode);
    if (*out)
        return OK;
    int e = errno;
    close(fd);
    return err_errno(err, e, "cannot open", path);
}

enum status file_open_regular(FILE **out, const char *path, struct err *err)
{
    int fd;
    *out = NULL;
    TRY(open_own(&fd, path, O_RDONLY, err));
    return stream_of(out, fd, "rb", path, err);
}

enum status file_read_regular(char **data, size_t *size, const char *path, struct err *err)
{
    FILE *f;
    *data = NULL;
    *size = 0;
    TRY(file_open_regular(&f, path, err));
    enum status st = read_stream(data, size, f, path, err);
    fclose(f);
    return st;
}

enum status file_refuse_link(const char *path, struct err *err)
{
    struct stat sb;
    if (lstat(path, &sb) == 0 && S_ISLNK(sb.st_mode))
        return err_set(err, E_DATA, "%s is a link: what is written into a run folder must not land elsewhere", path);
    return OK;
}

static enum status break_hard_link(const char *path, struct err *err)
{
    char *text;
    size_t size;
    TRY(file_read_regular(&text, &size, path, err));
    enum status st = file_write_atomic(path, text, size, err);
    free(text);
    return st;
}

enum status file_open_in_place(FILE **out, const char *path, struct err *err)
{
    int fd;
    struct stat sb;
    *out = NULL;
    TRY(file_refuse_link(path, err));
    if (lstat(path, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_nlink > 1)
        TRY(break_hard_link(path, err));
    TRY(open_own(&fd, path, O_RDWR | O_CREAT, err));
    return stream_of(out, fd, "r+b", path, err);
}

void file_sync_parent(const char *path)
{
    char dir[FILE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof dir)
        return;
    memcpy(dir, path, n);
    dir[n] = '\0';
    int fd = open(slash ? (n ? dir : "/") : ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return;
    (void)fsync(fd); /* some file systems refuse to sync a folder; the data itself is synced */
    close(fd);
}

/* Whether the path names a device (/dev/null) or what stands for an open file (/dev/stdout): to be written to, never
 * replaced, which an administrator could. */
static bool is_stream(const char *path)
{
    struct stat sb;
    if (stat(path, &sb) == 0 && S_ISCHR(sb.st_mode))
        return true;
    return strncmp(path, "/dev/", 5) == 0 && lstat(path, &sb) == 0 && S_ISLNK(sb.st_mode);
}

static enum status open_stream(struct file_writer *w, struct err *err)
{
    w->tmp[0] = '\0';
    w->out = fopen(w->path, "wb");
    return w->out ? OK : write_error(err, errno, w->path);
}

enum status file_writer_open(struct file_writer *w, const char *path, struct err *err)
{
    w->out = NULL;
    if (strlen(path) >= sizeof w->path)
        return err_set(err, E_DATA, "path too long: %.200s...", path);
    strcpy(w->path, path);
    if (is_stream(path))
        return open_stream(w, err);
    int fd = -1;
    /* A name that another process left behind, before this one got its number, is passed over. */
    for (unsigned i = 0; fd < 0 && i < 1000; i++) {
        snprintf(w->tmp, sizeof w->tmp, "%s" TMP_MARK "%ld-%u", path, (long)getpid(), i);
        fd = open(w->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0)
        return write_error(err, errno, path);
    w->out = fdopen(fd, "wb");
    if (w->out)
        return OK;
    int e = errno;
    close(fd);
    unlink(w->tmp);
    return write_error(err, e, path);
}

/* The process in "name.tmp-PID-N"; 0 where the name is none of ours. */
static long temporary_owner(const char *name)
{
    const char *mark = NULL;
    for (const char *at = name; (at = strstr(at, TMP_MARK)); at++)
        mark = at;
    char *end;
    if (!mark)
        return 0;
    long pid = strtol(mark + sizeof TMP_MARK - 1, &end, 10);
    if (pid <= 0 || *end != '-' || end[1 + strspn(end + 1, "0123456789")] != '\0')
        return 0;
    return pid;
}

void file_sweep_temporaries(const char *dir, bool all)
{
    struct file_list list;
    char path[FILE_PATH_MAX];
    struct stat sb;
    if (file_list_dir(&list, dir, NULL) != OK)
        return;
    for (size_t i = 0; i < list.n; i++) {
        long pid = temporary_owner(list.names[i]);
        if (pid == 0 || (!all && (kill((pid_t)pid, 0) == 0 || errno != ESRCH)))
            continue;
        if (file_join(path, sizeof path, dir, list.names[i], NULL) == OK && lstat(path, &sb) == 0 &&
            S_ISREG(sb.st_mode))
            unlink(path);
    }
    file_list_free(&list);
}

enum status file_writer_commit(struct file_writer *w, struct err *err)
{
    int e = 0;
    errno = 0;
    if (ferror(w->out))
        e = EIO;
    if (fflush(w->out) != 0 && !e)
        e = errno ? errno : EIO;
    if (!e && w->tmp[0] && system_sync(fileno(w->out)) != 0 && errno != EINVAL && errno != EROFS)
        e = errno;
    if (fclose(w->out) != 0 && !e)
        e = errno ? errno : EIO;
    w->out = NULL;
    if (!e && w->tmp[0] && rename(w->tmp, w->path) != 0)
        e = errno;
    if (e) {
        unlink(w->tmp);
        return write_error(err, e, w->path);
    }
    file_sync_parent(w->path);
    return OK;
}

void file_writer_abandon(struct file_writer *w)
{
    if (!w->out)
        return;
    fclose(w->out);
    w->out = NULL;
    unlink(w->tmp);
}

enum status file_write_atomic(const char *path, const void *data, size_t size, struct err *err)
{
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    errno = 0;
    if (size > 0 && fwrite(data, 1, size, w.out) != size) {
        int e = errno ? errno : EIO;
        file_writer_abandon(&w);
        return write_error(err, e, path);
    }
    return file_writer_commit(&w, err);
}

enum status file_mkdirs(const char *path, struct err *err)
{
    char buf[FILE_PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof buf)
        return err_set(err, E_DATA, "bad folder name '%.200s'", path);
    memcpy(buf, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (buf[i] != '/' && buf[i] != '\0')
            continue;
        char keep = buf[i];
        buf[i] = '\0';
        if (mkdir(buf, 0777) != 0 && errno != EEXIST) {
            int e = errno;
            if (!file_is_dir(buf)) {
                enum status st = err_errno(err, e, "cannot create folder", buf);
                if (st == E_DATA && err)
                    err->code = E_IO;
                return E_IO;
            }
        }
        buf[i] = keep;
    }
    if (!file_is_dir(path))
        return err_set(err, E_IO, "cannot create folder %s: a file of that name exists", path);
    return OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum status list_append(struct file_list *list, size_t *cap, const char *name,
                               struct err *err)
{
    TRY(size_reserve(&list->names, cap, list->n + 1, sizeof *list->names, "the list of a folder", err));
    char *copy = strdup(name);
    if (!copy)
        return err_set(err, E_NOMEM, "out of memory listing a folder");
    list->names[list->n++] = copy;
    return OK;
}

enum status file_list_dir(struct file_list *list, const char *dir, struct err *err)
{
    *list = (struct file_list){0};
    DIR *d = opendir(dir);
    if (!d)
        return err_errno(err, errno, "cannot open folder", dir);
    size_t cap = 0;
    enum status st = OK;
    for (const struct dirent *e; st == OK && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        st = list_append(list, &cap, e->d_name, err);
    }
    closedir(d);
    if (st != OK) {
        file_list_free(list);
        return st;
    }
    if (list->n > 1)
        qsort(list->names, list->n, sizeof *list->names, compare_names);
    return OK;
}

void file_list_free(struct file_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct file_list){0};
}

const char *file_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
