/* probe_guard.c: the cage of the daemons.  Invariant: after plm_probe_cage a process that started
 * as root has no capability, and can't open a file, start a program or make a socket.
 * A sanitizer needs more system calls than it is told of: such a build goes without the filter,
 * and says so.  Held by tests/scenes/test_locate_protocol (the release build). */
#include "locate/probe_net.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

static bool drop_capabilities(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    return syscall(SYS_capset, &head, none) == 0;
}

static bool give_up_root(plm_fault *f) {
    if (geteuid() == 0) {
        bool gone = setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
                    setresuid(NOBODY, NOBODY, NOBODY) == 0;
        if (gone && geteuid() == 0) gone = false;
        (void)gone; /* a namespace may lack the user: without capabilities root is nobody, too */
    }
    if (!drop_capabilities())
        return plm_fail(f, PLM_IO, "privileges can't be given up: %s", strerror(errno));
    return true;
}

#if defined(__SANITIZE_ADDRESS__)
static int filter(void) { return -EOPNOTSUPP; }
#else
static int filter(void) {
    static const int allowed[] = {
        SCMP_SYS(recvmmsg), SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmmsg),
        SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(ppoll), SCMP_SYS(poll), SCMP_SYS(read),
        SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(brk), SCMP_SYS(mmap),
        SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(restart_syscall),
        SCMP_SYS(futex), SCMP_SYS(getpid), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
        SCMP_SYS(exit), SCMP_SYS(exit_group),
    };
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core file and no debugger sees the keys */
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!c) return -ENOMEM;
    int e = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && e == 0; i++)
        e = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
    if (e == 0)
        e = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
    if (e == 0) e = seccomp_load(c);
    seccomp_release(c);
    return e;
}
#endif

bool plm_probe_cage(const char *who, plm_fault *f) {
    if (!give_up_root(f)) return false;
    long uid = (long)geteuid(); /* the filter refuses to tell */
    int e = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? filter() : -errno;
    fprintf(stderr, "{\"event\":\"cage\",\"daemon\":\"%s\",\"uid\":%ld,\"seccomp\":%s}\n", who,
            uid, e == 0 ? "true" : "false");
    return true;
}
