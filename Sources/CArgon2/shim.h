#include <argon2.h>
// mallopt, for what Argon2 takes.
#include <malloc.h>
