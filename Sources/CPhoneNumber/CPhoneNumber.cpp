#include "CPhoneNumber.h"

#include <phonenumbers/phonenumberutil.h>

#include <cstring>
#include <set>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

// Copies a text into a fixed field; false when it does not fit, since a cut number is another number.
template <size_t size>
bool copy(const std::string &text, char (&field)[size]) {
  if (text.size() >= size) return false;
  std::memcpy(field, text.c_str(), text.size() + 1);
  return true;
}

cpn_type type_of(PhoneNumberUtil::PhoneNumberType type) {
  switch (type) {
    case PhoneNumberUtil::FIXED_LINE: return CPN_FIXED_LINE;
    case PhoneNumberUtil::MOBILE: return CPN_MOBILE;
    case PhoneNumberUtil::FIXED_LINE_OR_MOBILE: return CPN_FIXED_LINE_OR_MOBILE;
    case PhoneNumberUtil::TOLL_FREE: return CPN_TOLL_FREE;
    case PhoneNumberUtil::PREMIUM_RATE: return CPN_PREMIUM_RATE;
    case PhoneNumberUtil::SHARED_COST: return CPN_SHARED_COST;
    case PhoneNumberUtil::VOIP: return CPN_VOIP;
    case PhoneNumberUtil::PERSONAL_NUMBER: return CPN_PERSONAL_NUMBER;
    case PhoneNumberUtil::PAGER: return CPN_PAGER;
    case PhoneNumberUtil::UAN: return CPN_UAN;
    case PhoneNumberUtil::VOICEMAIL: return CPN_VOICEMAIL;
    default: return CPN_UNKNOWN;
  }
}

}  // namespace

extern "C" int cpn_parse(const char *text, size_t length, const char *region, cpn_number *number) {
  const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
  PhoneNumber parsed;
  if (util.Parse(std::string(text, length), region, &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) return -1;
  if (parsed.has_extension()) return -1;
  std::string e164, home;
  util.Format(parsed, PhoneNumberUtil::E164, &e164);
  util.GetRegionCodeForNumber(parsed, &home);
  number->country_code = parsed.country_code();
  // A number is valid when it is of a type that its region has.
  number->type = type_of(util.GetNumberType(parsed));
  number->is_valid = number->type != CPN_UNKNOWN;
  return copy(e164, number->e164) && copy(home, number->region) ? 0 : -1;
}

extern "C" int cpn_show(const char *e164, size_t length, cpn_display *display) {
  const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
  PhoneNumber parsed;
  if (util.Parse(std::string(e164, length), "ZZ", &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) return -1;
  std::string text;
  display->country_code = parsed.country_code();
  if (parsed.country_code() == 1) {
    util.Format(parsed, PhoneNumberUtil::NATIONAL, &text);
    text.insert(0, "+1 ");
  } else {
    util.Format(parsed, PhoneNumberUtil::INTERNATIONAL, &text);
  }
  return copy(text, display->text) ? 0 : -1;
}

extern "C" int cpn_is_region(const char *region) {
  std::set<std::string> regions;
  PhoneNumberUtil::GetInstance()->GetSupportedRegions(&regions);
  return regions.count(region) > 0;
}
