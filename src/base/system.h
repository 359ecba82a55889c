/* What every system has in a way of its own: the only file with calls that not every POSIX system knows, and beside each
 * its way elsewhere. */
#ifndef PLATEAU_BASE_SYSTEM_H
#define PLATEAU_BASE_SYSTEM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* Cores that this process may use. Some processors have two kinds: fast ones and, for less power, slow ones. Where all are
 * alike, and where nothing is known, all are fast. At least one. */
struct system_cores {
    int fast, slow;
};
struct system_cores system_cores(void);
int system_cores_all(void);
/* Their numbers, at most n; returns how many. Two processes contend for those that both have. */
size_t system_core_list(int *core, size_t n);

/* slow[i], i < n: whether core i is of the slow kind, by the tree at `root` (/sys/devices of Linux): what Intel's hybrid
 * processors list as cpu_atom, or what arm's state as a capacity below .8 of the largest. */
void system_slow_cores(bool *slow, size_t n, const char *root);

/* Keep a process, and the threads that it begins, on the cores of one kind, as far as it was allowed to use them; false
 * where nothing was done: cores are alike, or the system decides (macOS: see system_work). */
bool system_place(pid_t pid, bool fast);

/* What this process does is wanted soon: macOS gives it the fast cores first, and no naps. Nothing elsewhere. */
void system_work(void);

/* The number after the word at the start of a line of a file, as in those below /proc; NaN where there is none, as in a limit
 * of "max". */
double system_number(const char *path, const char *word);
/* Bytes that programs can still ask for, NaN where the system does not say; and bytes that this process has mapped, 0
 * likewise. */
double system_free_bytes(void);
double system_mapped_bytes(void);

/* Ask for the registers of AMX, which Linux gives a process that asks: false where there are none to be had. */
bool system_allow_tiles(void);

/* Ask for large pages: a wish, nothing depends on it. */
void system_large_pages(void *p, size_t bytes);
/* Keep what is freed for the next that asks, up to some 256 MiB, for a process that takes and frees large pieces again and
 * again: a system that gets them back has to clear each page anew. Likewise a wish. */
void system_keep_freed(void);
/* Zeroed memory that this process and those that it forks share; NULL with errno where there is none. munmap releases. */
void *system_shared(size_t bytes);

/* In a process that was just forked from `parent`: have SIGTERM sent to it when that one ends. False where that one has
 * ended already. Where a system has no such thing, the next write to the parent fails instead. */
bool system_end_with(pid_t parent);

/* A number that no other process draws, on this machine or another. */
uint64_t system_nonce(void);
/* What two processes that can ask the system for each other by their numbers have in common: the boot of the machine and the
 * namespace of processes; "" where the system does not say. size: 80 is enough. */
void system_where(char *where, size_t size);
/* False where a process of that number is certainly not there. */
bool system_process_there(pid_t pid);
/* Whether it is stopped (SIGSTOP, Ctrl-Z), as far as the system says. */
bool system_process_stopped(pid_t pid);

/* When a file's content was last changed. */
struct timespec system_changed(const struct stat *sb);

/* Onto the disk, as far as the system lets one ask; as fsync. */
int system_sync(int fd);

/* Whether the user's locale is one of UTF-8. The process itself stays in the C locale. */
bool system_utf8(void);

/* Begin a thread with a stack as large as a first thread has: some systems give others half a megabyte. False where none can
 * be had. */
bool system_thread(pthread_t *thread, void *(*fn)(void *), void *ctx);

/* A thread sleeps in a bell until another rings it. Made by zeroing it and bell_init; false: no such thing could be had. */
#ifdef __APPLE__
#include <dispatch/dispatch.h>
struct system_bell {
    dispatch_semaphore_t s;
};
#else
#include <semaphore.h>
struct system_bell {
    sem_t s;
};
#endif
bool system_bell_init(struct system_bell *b);
void system_bell_free(struct system_bell *b);
void system_bell_ring(struct system_bell *b);
void system_bell_wait(struct system_bell *b);

#endif
