/* Stands between a server and the C library, and lets go wrong what is named by a file in the folder $SOJOURN_FAULTS:
 *
 *   full      no room is left on the disk
 *   broken    the disk answers with errors
 *   readonly  nothing can be written, and files are opened for reading alone
 *   nomem     now and then there is no memory
 *
 * For what is kept on the disk: files whose path contains $SOJOURN_FAULTY_FILES. For memory: threads whose name begins with
 * $SOJOURN_FAULTY_THREADS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_set(const char *name)
{
    const char *folder = getenv("SOJOURN_FAULTS");
    char path[4096];
    int before = errno, set;
    if (!folder)
        return 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    set = access(path, F_OK) == 0;
    errno = before;
    return set;
}

static int is_faulty_file(int file)
{
    const char *part = getenv("SOJOURN_FAULTY_FILES");
    char link[64], path[4096];
    ssize_t length;
    int before = errno;
    if (!part)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, part) != NULL;
}

/* The error of a write, or 0. */
static int fault_of_write(int file)
{
    int is_full = is_set("full"), is_broken = is_set("broken"), is_readonly = is_set("readonly");
    if ((!is_full && !is_broken && !is_readonly) || !is_faulty_file(file))
        return 0;
    return is_full ? ENOSPC : is_broken ? EIO : EROFS;
}

#define REAL(type, name, ...)                                 \
    static type (*real)(__VA_ARGS__);                         \
    if (!real)                                                \
        real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name);

#define FAIL(file, fault, with) \
    {                           \
        int code = fault(file); \
        if (code) {             \
            errno = code;       \
            return with;        \
        }                       \
    }

/* Whether a file may not be opened so. */
static int is_refused(const char *path, int flags)
{
    const char *part = getenv("SOJOURN_FAULTY_FILES");
    return (flags & O_ACCMODE) != O_RDONLY && part && strstr(path, part) && is_set("readonly");
}

#define OPEN(name)                                                      \
    int name(const char *path, int flags, ...)                          \
    {                                                                   \
        va_list more;                                                   \
        mode_t mode;                                                    \
        REAL(int, #name, const char *, int, ...)                        \
        va_start(more, flags);                                          \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                   \
        if (is_refused(path, flags)) {                                  \
            errno = EROFS;                                              \
            return -1;                                                  \
        }                                                               \
        return real(path, flags, mode);                                 \
    }

OPEN(open)
OPEN(open64)

ssize_t write(int file, const void *bytes, size_t length)
{
    REAL(ssize_t, "write", int, const void *, size_t)
    FAIL(file, fault_of_write, -1)
    return real(file, bytes, length);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at)
{
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)
    FAIL(file, fault_of_write, -1)
    return real(file, bytes, length, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)
    FAIL(file, fault_of_write, -1)
    return real(file, bytes, length, at);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at)
{
    REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t)
    FAIL(file, fault_of_write, -1)
    return real(file, parts, count, at);
}

int posix_fallocate(int file, off_t at, off_t length)
{
    REAL(int, "posix_fallocate", int, off_t, off_t)
    int code = fault_of_write(file);
    return code ? code : real(file, at, length);
}

static int fault_of_flush(int file)
{
    return is_set("broken") && is_faulty_file(file) ? EIO : 0;
}

int fsync(int file)
{
    REAL(int, "fsync", int)
    FAIL(file, fault_of_flush, -1)
    return real(file);
}

int fdatasync(int file)
{
    REAL(int, "fdatasync", int)
    FAIL(file, fault_of_flush, -1)
    return real(file);
}

/* One allocation of so many fails. */
enum { RARELY = 61 };

static pid_t first;

__attribute__((constructor)) static void begin(void)
{
    first = getpid();
}

/* Nothing goes on without it: the first thread of the process that was started, from which PostgreSQL forks. */
static int is_vital(void)
{
    return getpid() == first && gettid() == first;
}

static int has_no_memory(void)
{
    static __thread int busy;
    static __thread unsigned count;
    const char *names = getenv("SOJOURN_FAULTY_THREADS");
    char name[16] = "";
    int fails;
    if (busy || !names || is_vital())
        return 0;
    busy = 1;
    pthread_getname_np(pthread_self(), name, sizeof name);
    fails = strncmp(name, names, strlen(names)) == 0 && is_set("nomem") && ++count % RARELY == 0;
    busy = 0;
    if (fails)
        errno = ENOMEM;
    return fails;
}

extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    return has_no_memory() ? NULL : __libc_malloc(size);
}

void *realloc(void *old, size_t size)
{
    return has_no_memory() ? NULL : __libc_realloc(old, size);
}
