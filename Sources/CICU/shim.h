#include <stdio.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/unorm2.h>
#include <unicode/unumberformatter.h>
#include <unicode/ustring.h>

/* ICU renames its functions after its version by macros, and speaks UTF-16: one function per use of ours. */

/* A formatter of amounts, such as "$1,234.56"; NULL when ICU has no memory. The skeleton's language:
   https://unicode-org.github.io/icu/userguide/format_parse/numbers/skeletons.html */
static inline UNumberFormatter *cicu_open_currency(const char *locale, const char *code, int decimals) {
  static const char *const precisions[] = {"precision-integer", ".0", ".00", ".000"};
  char skeleton[64];
  UChar wide[64];
  UErrorCode error = U_ZERO_ERROR;
  snprintf(skeleton, sizeof skeleton, "currency/%s unit-width-short %s", code, precisions[decimals]);
  u_charsToUChars(skeleton, wide, (int32_t)strlen(skeleton));
  UNumberFormatter *formatter = unumf_openForSkeletonAndLocale(wide, (int32_t)strlen(skeleton), locale, &error);
  return U_SUCCESS(error) ? formatter : NULL;
}

static inline void cicu_close(UNumberFormatter *formatter) { unumf_close(formatter); }

/* Writes an amount, given as a decimal number such as "-1234.56", in UTF-8; the bytes written, or 0. A formatter may
   be used by many threads at once, a result by one. */
static inline int cicu_format(const UNumberFormatter *formatter, const char *number, int length, char *out, int capacity) {
  UErrorCode error = U_ZERO_ERROR;
  UChar wide[128];
  int32_t written = 0;
  UFormattedNumber *result = unumf_openResult(&error);
  unumf_formatDecimal(formatter, number, length, result, &error);
  int32_t units = unumf_resultToString(result, wide, 128, &error);
  if (U_SUCCESS(error)) u_strToUTF8(out, capacity, &written, wide, units, &error);
  unumf_closeResult(result);
  return U_SUCCESS(error) ? written : 0;
}

/* The letter under a letter's marks, as "e" of "é"; 0 where there is none. */
static inline UChar32 cicu_base(UChar32 letter) {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2 *nfd = unorm2_getNFDInstance(&error);
  if (U_FAILURE(error)) return 0;
  UChar parts[16];
  int32_t count = unorm2_getDecomposition(nfd, letter, parts, 16, &error);
  if (U_FAILURE(error) || count < 2) return 0;
  UChar32 base;
  int32_t index = 0;
  U16_NEXT(parts, index, count, base);
  return base;
}

/* How far a time zone of the IANA database is ahead of UTC at a time, in seconds; INT32_MIN for a name it has not. */
static inline int32_t cicu_zone_offset(const char *zone, double milliseconds) {
  UChar wide[64], canonical[64];
  UErrorCode error = U_ZERO_ERROR;
  UBool known = 0;
  int32_t length = (int32_t)strlen(zone);
  if (length == 0 || length >= 64) return INT32_MIN;
  u_charsToUChars(zone, wide, length);
  ucal_getCanonicalTimeZoneID(wide, length, canonical, 64, &known, &error);
  if (U_FAILURE(error) || !known) return INT32_MIN;
  UCalendar *calendar = ucal_open(wide, length, "en", UCAL_GREGORIAN, &error);
  ucal_setMillis(calendar, milliseconds, &error);
  int32_t offset = ucal_get(calendar, UCAL_ZONE_OFFSET, &error) + ucal_get(calendar, UCAL_DST_OFFSET, &error);
  ucal_close(calendar);
  return U_SUCCESS(error) ? offset / 1000 : INT32_MIN;
}
