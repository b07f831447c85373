#include <mysql.h>
#include <mysqld_error.h>
#include <errmsg.h>

/* mysql_options is typed by its option; one function per shape of value keeps Swift from passing the wrong one. */
static inline int cmariadb_set_uint(MYSQL *mysql, enum mysql_option option, unsigned int value) {
  return mysql_options(mysql, option, &value);
}
static inline int cmariadb_set_bool(MYSQL *mysql, enum mysql_option option, my_bool value) {
  return mysql_options(mysql, option, &value);
}
static inline int cmariadb_set_string(MYSQL *mysql, enum mysql_option option, const char *value) {
  return mysql_options(mysql, option, value);
}
