/* A C door to Google's libphonenumber, whose interface is C++ with templates and protocol buffers. */
#ifndef CPHONENUMBER_H
#define CPHONENUMBER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The kinds of number that libphonenumber tells apart. */
typedef enum {
  CPN_FIXED_LINE,
  CPN_MOBILE,
  CPN_FIXED_LINE_OR_MOBILE,
  CPN_TOLL_FREE,
  CPN_PREMIUM_RATE,
  CPN_SHARED_COST,
  CPN_VOIP,
  CPN_PERSONAL_NUMBER,
  CPN_PAGER,
  CPN_UAN,
  CPN_VOICEMAIL,
  CPN_UNKNOWN
} cpn_type;

/* One number, read; every text ends with a NUL. */
typedef struct {
  char e164[24];
  char region[8];
  int country_code;
  int is_valid;
  cpn_type type;
} cpn_number;

/* How a number is shown. */
typedef struct {
  char text[40];
  int country_code;
} cpn_display;

/* Reads a number as a person wrote it, national numbers in `region` (ISO 3166 alpha-2).
   Returns 0, or -1 when the text cannot be read as a phone number at all. */
int cpn_parse(const char *text, size_t length, const char *region, cpn_number *number);

/* Formats a number in E.164 form for people. Returns 0, or -1 when it is no number. */
int cpn_show(const char *e164, size_t length, cpn_display *display);

/* True when libphonenumber knows the region. */
int cpn_is_region(const char *region);

#ifdef __cplusplus
}
#endif
#endif
