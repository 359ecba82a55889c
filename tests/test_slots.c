/* The cores of a machine among processes that work, are stopped, and die. */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system.h"
#include "harness/slots.h"

static char tmp[] = "plateau-slots.XXXXXX";

/* Another process, which has `want` cores once this returns true; it waits to be killed. */
static bool other(pid_t *pid, int want)
{
    int pipes[2];
    char got = 'n';
    EXPECT(pipe(pipes) == 0);
    *pid = fork();
    if (*pid == 0) {
        struct slots s;
        slots_open(&s, tmp);
        got = slots_take(&s, want) ? 'y' : 'n';
        (void)!write(pipes[1], &got, 1);
        for (;;)
            pause();
    }
    EXPECT(*pid > 0 && read(pipes[0], &got, 1) == 1);
    close(pipes[0]);
    close(pipes[1]);
    return got == 'y';
}

static void send(pid_t pid, int signal)
{
    int status;
    kill(pid, signal);
    if (signal != SIGCONT)
        EXPECT(waitpid(pid, &status, WUNTRACED) == pid);
}

static size_t files_there(void)
{
    struct file_list list;
    struct err err;
    EXPECT_OK(file_list_dir(&list, tmp, &err));
    size_t n = list.n;
    file_list_free(&list);
    return n;
}

static void taken_and_given(void)
{
    struct slots a;
    pid_t pid;
    const int all = system_cores_all();
    slots_open(&a, tmp);
    EXPECT(files_there() == 1);
    EXPECT(slots_take(&a, all + 5) && a.n_held == (size_t)all); /* who asks for more gets all */
    EXPECT(slots_take(&a, 1) && a.n_held == (size_t)all);
    EXPECT(!other(&pid, 1));
    send(pid, SIGKILL);
    slots_give(&a);
    EXPECT(other(&pid, 1));
    EXPECT(!slots_take(&a, all) && a.n_held == 0); /* all or none */
    EXPECT(all == 1 || slots_take(&a, all - 1));
    slots_give(&a);
    send(pid, SIGKILL); /* gives back what it had */
    EXPECT(slots_take(&a, all));
    slots_close(&a);
    EXPECT(files_there() == 0);
}

static void stopped(void)
{
    struct slots a;
    pid_t first, second;
    const int all = system_cores_all();
    slots_open(&a, tmp);
    EXPECT(other(&first, all));
    EXPECT(!slots_take(&a, 1));
    send(first, SIGSTOP);
    if (!system_process_stopped(first)) {
        test_skip("this system does not say who is stopped");
    } else {
        EXPECT(other(&second, all)); /* its cores are idle */
        EXPECT(!slots_take(&a, 1));
        send(second, SIGKILL);
        EXPECT(slots_take(&a, all));
        slots_give(&a);
    }
    send(first, SIGCONT);
    while (system_process_stopped(first))
        usleep(1000);
    EXPECT(!slots_take(&a, 1));
    send(first, SIGKILL);
    slots_close(&a);
    EXPECT(files_there() == 0);
}

/* Where no file can be had, all cores are free. */
static void none(void)
{
    struct slots a, b;
    char target[FILE_PATH_MAX];
    struct stat sb;
    slots_open(&a, tmp);
    EXPECT(a.fd >= 0);
    snprintf(target, sizeof target, "%s/elsewhere", tmp);
    EXPECT(rename(a.path, target) == 0 && symlink("elsewhere", a.path) == 0);
    slots_open(&b, tmp); /* what somebody has put there */
    EXPECT(b.fd < 0 && slots_take(&b, 1) && slots_take(&a, system_cores_all()));
    EXPECT(stat(target, &sb) == 0 && sb.st_size == 0);
    slots_close(&b);
    EXPECT(unlink(a.path) == 0 && unlink(target) == 0);
    slots_open(&b, tmp); /* the name is another file's now */
    EXPECT(b.fd >= 0 && slots_take(&b, 1));
    slots_close(&b);
    slots_close(&a);
    slots_open(&a, "no such folder");
    EXPECT(a.fd < 0 && slots_take(&a, 1));
    slots_close(&a);
    EXPECT(files_there() == 0);
}

int main(int argc, char **argv)
{
    static const struct test cases[] = {{"taken_and_given", taken_and_given}, {"stopped", stopped}, {"none", none}};
    char where[80];
    EXPECT(mkdtemp(tmp) && setenv("TMPDIR", tmp, 1) == 0);
    system_where(where, sizeof where);
    if (!where[0])
        printf("this system does not say which boot it is of: there are no slots\n");
    int code = where[0] ? test_main(argc, argv, cases, sizeof cases / sizeof *cases) : 77;
    rmdir(tmp);
    return code;
}
