/*
 * Many threads in one address space: each maps, touches, protects, trims and unmaps memory of its own while the others do the
 * same, in rounds of short-lived threads so that stacks are mapped and reused.
 *
 *     gcc -O2 -pthread -o threads threads.c
 *     faultline record -o threads.fltrace -- ./threads
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, THREADS = 6, ROUNDS = 8, LOOPS = 12, PAGES = 24 };

static void check(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void *work(void *argument)
{
    unsigned char mark = (unsigned char)(long)argument;

    for (int loop = 0; loop < LOOPS; loop++) {
        unsigned char *area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        check(area != MAP_FAILED, "mmap");
        for (int page = 0; page < PAGES; page++)
            area[page * PAGE] = mark;

        /* The middle becomes read-only and writable again: the area splits and merges. */
        check(mprotect(area + 8 * PAGE, 8 * PAGE, PROT_READ) == 0, "mprotect");
        check(area[9 * PAGE] == mark, "contents");
        check(mprotect(area + 8 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");

        /* Dropped pages read as zero; a larger area may have to move. */
        check(madvise(area, 4 * PAGE, MADV_DONTNEED) == 0, "madvise");
        check(area[0] == 0, "zero page");
        area = mremap(area, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
        check(area != MAP_FAILED, "mremap");
        area[(2 * PAGES - 1) * PAGE] = mark;
        check(area[(PAGES - 1) * PAGE] == mark, "contents after mremap");
        check(munmap(area, 2 * PAGES * PAGE) == 0, "munmap");
    }
    return NULL;
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        for (long i = 0; i < THREADS; i++)
            check(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0, "pthread_create");
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    }
    puts("done");
    return 0;
}
