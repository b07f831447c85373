/* What Linux offers beyond POSIX, and Swift's Glibc module leaves out. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
