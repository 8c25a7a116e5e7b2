/*
 * Fork without exec: parent, children and a grandchild write to the same addresses, each to its own copy, and all to one
 * shared area; one child also changes its address space while the parent goes on.
 *
 *     gcc -O2 -o fork fork.c
 *     faultline record -o fork.fltrace -- ./fork
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 96, CHILDREN = 4 };

static unsigned char *own, *shared;

static void check(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        _exit(1);
    }
}

static void write_own(unsigned char mark)
{
    for (int page = 0; page < PAGES; page++)
        own[page * PAGE] = mark;
    for (int page = 0; page < PAGES; page++)
        check(own[page * PAGE] == mark, "another process wrote to this copy");
}

static void wait_for(pid_t child)
{
    int status;
    check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, "child");
}

static void child(int number)
{
    check(own[0] == 1, "the child does not see what the parent wrote before the fork");
    write_own((unsigned char)(10 + number));
    shared[number * PAGE] = (unsigned char)number;

    if (number == 1) {
        pid_t grandchild = fork();
        check(grandchild >= 0, "fork");
        if (grandchild == 0) {
            write_own(99);
            shared[CHILDREN * PAGE] = 99;
            _exit(0);
        }
        write_own(50);
        wait_for(grandchild);
    }
    if (number == 2) {
        check(munmap(own, PAGES / 2 * PAGE) == 0, "munmap");
        check(mprotect(own + PAGES / 2 * PAGE, PAGE, PROT_READ) == 0, "mprotect");
        unsigned char *more = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        check(more != MAP_FAILED, "mmap");
        for (int page = 0; page < 16; page++)
            more[page * PAGE] = 1;
    }
    _exit(0);
}

int main(void)
{
    own = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    shared = mmap(NULL, (CHILDREN + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(own != MAP_FAILED && shared != MAP_FAILED, "mmap");
    write_own(1);

    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        check(children[i] >= 0, "fork");
        if (children[i] == 0)
            child(i);
        write_own(1); /* breaks the sharing again from this side, while the child breaks it from its own */
    }
    for (int i = 0; i < CHILDREN; i++) {
        wait_for(children[i]);
        check(shared[i * PAGE] == i, "shared memory");
    }
    check(shared[CHILDREN * PAGE] == 99 && own[0] == 1, "contents after all");
    puts("done");
    return 0;
}
