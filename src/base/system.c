#ifdef __linux__
#define _GNU_SOURCE /* sched_setaffinity, madvise, MAP_ANONYMOUS, nl_langinfo_l */
#endif
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/status.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#ifdef __APPLE__
#include <mach/mach.h>
#include <sys/sysctl.h>
#include <xlocale.h>
#endif

/* --- cores ---------------------------------------------------------------------------------------------- */

static bool open_below(FILE **f, const char *root, const char *name)
{
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s", root, name);
    *f = n > 0 && (size_t)n < sizeof path ? fopen(path, "r") : NULL;
    return *f != NULL;
}

/* A list such as 0-3,8; true where there is one. */
static bool mark_listed(bool *marked, size_t n, const char *root, const char *name)
{
    FILE *f;
    long from, to;
    int c = ',';
    bool any = false;
    if (!open_below(&f, root, name))
        return false;
    while (c == ',' && fscanf(f, "%ld", &from) == 1) {
        to = from;
        c = fgetc(f);
        if (c == '-' && fscanf(f, "%ld", &to) == 1)
            c = fgetc(f);
        for (long i = from; i <= to && i >= 0 && (size_t)i < n; i++)
            marked[i] = any = true;
    }
    fclose(f);
    return any;
}

static long capacity_of(const char *root, size_t core)
{
    char name[64];
    long capacity = 0;
    FILE *f;
    snprintf(name, sizeof name, "system/cpu/cpu%zu/cpu_capacity", core);
    if (!open_below(&f, root, name))
        return 0;
    if (fscanf(f, "%ld", &capacity) != 1)
        capacity = 0;
    fclose(f);
    return capacity;
}

void system_slow_cores(bool *slow, size_t n, const char *root)
{
    long largest = 0;
    memset(slow, 0, n * sizeof *slow);
    if (mark_listed(slow, n, root, "cpu_atom/cpus"))
        return;
    for (size_t i = 0; i < n; i++) {
        long c = capacity_of(root, i);
        if (c == 0 && i == 0)
            return;
        largest = c > largest ? c : largest;
    }
    for (size_t i = 0; i < n; i++) {
        long c = capacity_of(root, i);
        slow[i] = c > 0 && (double)c < 0.8 * (double)largest;
    }
}

#ifdef __linux__
/* Those that this process was begun with: a process that is placed, and what it forks, has fewer. */
static cpu_set_t allowed;
static bool slow_core[CPU_SETSIZE];
static struct system_cores found;

static void find_cores(void)
{
    if (found.fast > 0)
        return;
    int last = -1;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        CPU_ZERO(&allowed);
    for (int i = 0; i < CPU_SETSIZE; i++)
        last = CPU_ISSET(i, &allowed) ? i : last;
    system_slow_cores(slow_core, (size_t)last + 1, "/sys/devices"); /* a file of each: no more than are ours */
    for (int i = 0; i <= last; i++)
        if (CPU_ISSET(i, &allowed))
            *(slow_core[i] ? &found.slow : &found.fast) += 1;
    if (found.fast == 0) /* slow ones alone are all alike */
        found = (struct system_cores){.fast = found.slow};
    if (found.fast == 0) {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        found.fast = n > 0 ? (int)n : 1;
    }
}

struct system_cores system_cores(void)
{
    find_cores();
    return found;
}

bool system_place(pid_t pid, bool fast)
{
    cpu_set_t set;
    find_cores();
    if (found.slow == 0)
        return false;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed) && slow_core[i] != fast)
            CPU_SET(i, &set);
    /* a call moves one thread: those that it begins later follow it, those that are there have to be told */
    char path[64];
    bool done = sched_setaffinity(pid, sizeof set, &set) == 0;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *tasks = opendir(path);
    for (struct dirent *e; tasks && (e = readdir(tasks));)
        if (atol(e->d_name) > 0)
            (void)!sched_setaffinity((pid_t)atol(e->d_name), sizeof set, &set);
    if (tasks)
        closedir(tasks);
    return done;
}
#else
static int count_named(const char *name)
{
    int n = 0;
#ifdef __APPLE__
    size_t size = sizeof n;
    if (sysctlbyname(name, &n, &size, NULL, 0) != 0)
        n = 0;
#else
    (void)name;
#endif
    return n;
}

struct system_cores system_cores(void)
{
    struct system_cores c = {count_named("hw.perflevel0.logicalcpu"), count_named("hw.perflevel1.logicalcpu")};
    if (c.fast < 1 || c.slow < 0) {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        c = (struct system_cores){.fast = n > 0 ? (int)n : 1};
    }
    return c;
}

bool system_place(pid_t pid, bool fast)
{
    (void)pid, (void)fast;
    return false;
}
#endif

int system_cores_all(void)
{
    struct system_cores c = system_cores();
    return c.fast + c.slow;
}

static size_t count_up(int *core, size_t n)
{
    const size_t all = (size_t)system_cores_all();
    for (size_t i = 0; i < n && i < all; i++)
        core[i] = (int)i;
    return n < all ? n : all;
}

#ifdef __linux__
size_t system_core_list(int *core, size_t n)
{
    size_t k = 0;
    find_cores();
    for (int i = 0; i < CPU_SETSIZE && k < n; i++)
        if (CPU_ISSET(i, &allowed))
            core[k++] = i;
    return k > 0 ? k : count_up(core, n);
}
#else
size_t system_core_list(int *core, size_t n)
{
    return count_up(core, n);
}
#endif

void system_work(void)
{
#ifdef __APPLE__
    (void)pthread_set_qos_class_self_np(QOS_CLASS_USER_INITIATED, 0);
#endif
}

/* --- memory --------------------------------------------------------------------------------------------- */

double system_number(const char *path, const char *word)
{
    char line[256], *end;
    double value = (double)NAN;
    FILE *f = fopen(path, "r");
    size_t n = strlen(word);
    while (f && isnan(value) && fgets(line, sizeof line, f))
        if (strncmp(line, word, n) == 0) {
            double v = strtod(line + n, &end);
            if (end > line + n)
                value = v;
        }
    if (f)
        fclose(f);
    return value;
}

#ifdef __APPLE__
double system_free_bytes(void)
{
    vm_statistics64_data_t v;
    mach_msg_type_number_t n = HOST_VM_INFO64_COUNT;
    mach_port_t host = mach_host_self();
    bool known = host_statistics64(host, HOST_VM_INFO64, (host_info64_t)&v, &n) == KERN_SUCCESS;
    mach_port_deallocate(mach_task_self(), host);
    /* inactive and purgeable pages are given up when others want them */
    double pages = (double)v.free_count + (double)v.inactive_count + (double)v.purgeable_count;
    return known ? pages * (double)sysconf(_SC_PAGESIZE) : (double)NAN;
}

double system_mapped_bytes(void)
{
    return 0;
}
#else
double system_free_bytes(void)
{
    return 1024 * system_number("/proc/meminfo", "MemAvailable:");
}

double system_mapped_bytes(void)
{
    double pages = system_number("/proc/self/statm", "");
    return pages > 0 ? pages * (double)sysconf(_SC_PAGESIZE) : 0;
}
#endif

#if defined(__linux__) && defined(__x86_64__)
bool system_allow_tiles(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 }; /* asm/prctl.h, since Linux 5.16 */
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
#else
bool system_allow_tiles(void)
{
    return false;
}
#endif

void system_large_pages(void *p, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    (void)!madvise(p, bytes, MADV_HUGEPAGE);
#else
    (void)p, (void)bytes;
#endif
}

bool system_thread(pthread_t *thread, void *(*fn)(void *), void *ctx)
{
    enum { STACK = 8 << 20 };
    pthread_attr_t attr;
    bool has_attr = pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, STACK) == 0;
    bool begun = pthread_create(thread, has_attr ? &attr : NULL, fn, ctx) == 0;
    if (has_attr)
        pthread_attr_destroy(&attr);
    return begun;
}

void system_keep_freed(void)
{
#ifdef __GLIBC__
    enum { MIB = 1 << 20 };
    (void)mallopt(M_MMAP_THRESHOLD, 32 * MIB);
    (void)mallopt(M_TRIM_THRESHOLD, 256 * MIB);
#endif
}

void *system_shared(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* --- processes, files, words ---------------------------------------------------------------------------- */

bool system_end_with(pid_t parent)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    return getppid() == parent;
}

uint64_t system_nonce(void)
{
    uint64_t n = 0;
    struct timespec t = {0};
    FILE *f = fopen("/dev/urandom", "rb");
    size_t got = f ? fread(&n, sizeof n, 1, f) : 0;
    if (f)
        fclose(f);
    if (got == 1 && n)
        return n;
    clock_gettime(CLOCK_REALTIME, &t); /* no such device: time and process differ */
    return ((uint64_t)t.tv_sec << 32) ^ ((uint64_t)t.tv_nsec << 8) ^ ((uint64_t)getpid() << 44) ^ 1;
}

#ifdef __APPLE__
void system_where(char *where, size_t size)
{
    char boot[64];
    size_t n = sizeof boot;
    bool known = sysctlbyname("kern.bootsessionuuid", boot, &n, NULL, 0) == 0 && n > 1 && n <= sizeof boot;
    snprintf(where, size, "%.*s", known ? (int)n - 1 : 0, boot);
}
#else
void system_where(char *where, size_t size)
{
    char boot[64] = "", space[64] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (f && fscanf(f, "%63s", boot) != 1)
        boot[0] = '\0';
    if (f)
        fclose(f);
    ssize_t n = boot[0] ? readlink("/proc/self/ns/pid", space, sizeof space - 1) : 0;
    space[n > 0 ? n : 0] = '\0';
    snprintf(where, size, "%s%s%.30s", space[0] ? boot : "", space[0] ? "/" : "", space);
}
#endif

bool system_process_there(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

bool system_process_stopped(pid_t pid)
{
#ifdef __linux__
    char path[64], line[512] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *f = fopen(path, "r");
    if (f && !fgets(line, sizeof line, f))
        line[0] = '\0';
    if (f)
        fclose(f);
    const char *state = strrchr(line, ')'); /* after the name, which may hold anything */
    return state && strlen(state) > 2 && (state[2] == 'T' || state[2] == 't');
#elif defined __APPLE__
    struct kinfo_proc p;
    size_t size = sizeof p;
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, (int)pid};
    return sysctl(name, 4, &p, &size, NULL, 0) == 0 && size == sizeof p && p.kp_proc.p_stat == SSTOP;
#else
    (void)pid;
    return false;
#endif
}

struct timespec system_changed(const struct stat *sb)
{
#ifdef __APPLE__
    return sb->st_mtimespec;
#else
    return sb->st_mtim;
#endif
}

int system_sync(int fd)
{
#ifdef F_FULLFSYNC
    if (fcntl(fd, F_FULLFSYNC) == 0) /* fsync ends there with the drive's cache */
        return 0;
#endif
    return fsync(fd);
}

bool system_utf8(void)
{
    locale_t l = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (l == (locale_t)0)
        return false;
    bool utf8 = strcmp(nl_langinfo_l(CODESET, l), "UTF-8") == 0;
    freelocale(l);
    return utf8;
}

/* --- bells ---------------------------------------------------------------------------------------------- */

#ifdef __APPLE__
bool system_bell_init(struct system_bell *b)
{
    b->s = dispatch_semaphore_create(0);
    return b->s != NULL;
}

void system_bell_free(struct system_bell *b)
{
    dispatch_release(b->s);
}

void system_bell_ring(struct system_bell *b)
{
    dispatch_semaphore_signal(b->s);
}

void system_bell_wait(struct system_bell *b)
{
    dispatch_semaphore_wait(b->s, DISPATCH_TIME_FOREVER);
}
#else
bool system_bell_init(struct system_bell *b)
{
    return sem_init(&b->s, 0, 0) == 0;
}

void system_bell_free(struct system_bell *b)
{
    sem_destroy(&b->s);
}

void system_bell_ring(struct system_bell *b)
{
    CHECK(sem_post(&b->s) == 0);
}

void system_bell_wait(struct system_bell *b)
{
    while (sem_wait(&b->s) != 0)
        CHECK(errno == EINTR);
}
#endif
