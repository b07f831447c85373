import CMariaDB
import Glibc

/// A prepared statement of one connection, with its result buffers.
///
/// Only the connection holds it: it lives in the connection's cache and is closed before it. Values
/// travel in the binary protocol, so a number is never read out of text and no value can end a
/// literal. See <https://mariadb.com/kb/en/prepared-statement-functions/>.
@safe final class Statement {
  private let handle: UnsafeMutablePointer<MYSQL_STMT>
  let text: String
  private var columns: [String] = []
  private var results: [MYSQL_BIND] = unsafe []
  private var cells: UnsafeMutablePointer<Cell>?

  /// Where one column of the current row is written.
  @unsafe private struct Cell {
    var buffer: UnsafeMutableRawPointer
    var capacity: Int
    var length: UInt = 0
    var isNull: my_bool = 0
    var error: my_bool = 0
  }

  /// Bytes of a text or binary column that are fetched at once; a longer value is fetched again,
  /// whole.
  private static let inlineLength = 512

  /// Prepares.
  ///
  /// The corresponding C functions are `mysql_stmt_init` and `mysql_stmt_prepare`.
  init(_ connection: UnsafeMutablePointer<MYSQL>, _ text: String) throws(DatabaseError) {
    guard let handle = unsafe mysql_stmt_init(connection) else {
      throw unsafe DatabaseError(.init(rawValue: mysql_errno(connection)), statement: text)
    }
    let failed = unsafe mysql_stmt_prepare(handle, text, UInt(text.utf8.count)) != 0
    if failed {
      let code = unsafe mysql_stmt_errno(handle)
      unsafe mysql_stmt_close(handle)
      throw DatabaseError(.init(rawValue: code), statement: text)
    }
    unsafe self.handle = unsafe handle
    self.text = text
    describeResult()
  }

  deinit {
    if let cells = unsafe cells {
      for index in columns.indices { unsafe cells[index].buffer.deallocate() }
      unsafe cells.deallocate()
    }
    unsafe mysql_stmt_close(handle)
  }

  private func fault() -> DatabaseError {
    unsafe DatabaseError(.init(rawValue: mysql_stmt_errno(handle)), statement: text)
  }

  private func describeResult() {
    guard let metadata = unsafe mysql_stmt_result_metadata(handle) else { return }
    defer { unsafe mysql_free_result(metadata) }
    let count = unsafe Int(mysql_num_fields(metadata))
    let cells = UnsafeMutablePointer<Cell>.allocate(capacity: count)
    unsafe self.cells = unsafe cells
    for index in 0..<count {
      guard let field = unsafe mysql_fetch_field_direct(metadata, UInt32(index)) else { continue }
      unsafe columns.append(String(cString: field.pointee.name))
      var bind = unsafe MYSQL_BIND()
      let capacity: Int
      switch unsafe field.pointee.type {
      case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_INT24, MYSQL_TYPE_LONG,
        MYSQL_TYPE_LONGLONG:
        unsafe bind.buffer_type = MYSQL_TYPE_LONGLONG
        capacity = MemoryLayout<Int64>.size
      case MYSQL_TYPE_DATETIME, MYSQL_TYPE_TIMESTAMP:
        unsafe bind.buffer_type = MYSQL_TYPE_DATETIME
        capacity = MemoryLayout<MYSQL_TIME>.size
      case MYSQL_TYPE_NEWDECIMAL, MYSQL_TYPE_DECIMAL:
        // SUM of integers is a DECIMAL; our sums fit 64 bits.
        unsafe bind.buffer_type = MYSQL_TYPE_LONGLONG
        capacity = MemoryLayout<Int64>.size
      default:
        // Character set 63 is `binary`.
        unsafe bind.buffer_type =
          unsafe field.pointee.charsetnr == 63 ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING
        capacity = Self.inlineLength
      }
      unsafe cells.advanced(by: index).initialize(
        to: Cell(buffer: .allocate(byteCount: capacity, alignment: 16), capacity: capacity))
      unsafe bind.buffer = unsafe cells[index].buffer
      unsafe bind.buffer_length = UInt(capacity)
      unsafe bind.length = unsafe cells.advanced(by: index).pointer(to: \.length)
      unsafe bind.is_null = unsafe cells.advanced(by: index).pointer(to: \.isNull)
      unsafe bind.error = unsafe cells.advanced(by: index).pointer(to: \.error)
      unsafe results.append(bind)
    }
    unsafe results.withUnsafeMutableBufferPointer {
      _ = unsafe mysql_stmt_bind_result(handle, $0.baseAddress)
    }
  }

  /// Executes with values and hands each row to a closure.
  ///
  /// The corresponding C functions are `mysql_stmt_execute` and `mysql_stmt_fetch`.
  ///
  /// - Returns: how many rows a change affected: those whose contents changed, not those that
  ///   matched.
  func execute(_ values: [SQLValue], _ eachRow: (Row) -> Void) throws(DatabaseError) -> Int {
    var parameters = Parameters(values)
    // The library copies the binds, and reads the values during mysql_stmt_execute.
    let failed = unsafe parameters.withBinds { binds in
      if let binds = unsafe binds, unsafe mysql_stmt_bind_param(handle, binds) != 0 { return true }
      return unsafe mysql_stmt_execute(handle) != 0
    }
    if failed { throw fault() }
    // The server tells the columns of INSERT … RETURNING only when it executes it.
    if columns.isEmpty, unsafe mysql_stmt_field_count(handle) > 0 { describeResult() }
    guard !columns.isEmpty else {
      return unsafe Int(truncatingIfNeeded: mysql_stmt_affected_rows(handle))
    }
    // The whole result comes over at once, so that the connection is free for the next statement.
    guard unsafe mysql_stmt_store_result(handle) == 0 else { throw fault() }
    defer { unsafe mysql_stmt_free_result(handle) }
    while true {
      let status = unsafe mysql_stmt_fetch(handle)
      if status == 1 { throw fault() }
      if status == MYSQL_NO_DATA {
        return unsafe Int(truncatingIfNeeded: mysql_stmt_num_rows(handle))
      }
      eachRow(try row())
    }
  }

  private func row() throws(DatabaseError) -> Row {
    guard let cells = unsafe cells else { return Row(columns: [], values: [], statement: text) }
    var values: [SQLValue] = []
    values.reserveCapacity(columns.count)
    for index in columns.indices {
      let cell = unsafe cells[index]
      guard unsafe cell.isNull == 0 else {
        values.append(.null)
        continue
      }
      switch unsafe results[index].buffer_type {
      case MYSQL_TYPE_LONGLONG:
        unsafe values.append(.integer(cell.buffer.load(as: Int64.self)))
      case MYSQL_TYPE_DATETIME:
        unsafe values.append(
          .time(CalendarTime.microseconds(cell.buffer.load(as: MYSQL_TIME.self))))
      case let type:
        let bytes = try unsafe bytes(index, cell)
        values.append(
          type == MYSQL_TYPE_BLOB ? .bytes(bytes) : .text(String(decoding: bytes, as: UTF8.self)))
      }
    }
    return Row(columns: columns, values: values, statement: text)
  }

  private func bytes(_ index: Int, _ cell: Cell) throws(DatabaseError) -> [UInt8] {
    let length = unsafe Int(cell.length)
    if unsafe length <= cell.capacity {
      return unsafe Array(UnsafeRawBufferPointer(start: cell.buffer, count: length))
    }
    var bytes = [UInt8](repeating: 0, count: length)
    let failed = unsafe bytes.withUnsafeMutableBytes { buffer in
      var bind = unsafe MYSQL_BIND()
      unsafe bind.buffer_type = unsafe results[index].buffer_type
      unsafe bind.buffer = buffer.baseAddress
      unsafe bind.buffer_length = UInt(length)
      return unsafe mysql_stmt_fetch_column(handle, &bind, UInt32(index), 0) != 0
    }
    if failed { throw fault() }
    return bytes
  }
}

extension UnsafeMutablePointer {
  /// The address of one field of the pointed-to struct.
  fileprivate func pointer<Field>(to field: WritableKeyPath<Pointee, Field>)
    -> UnsafeMutablePointer<Field>?
  {
    guard let offset = MemoryLayout<Pointee>.offset(of: field) else { return nil }
    return unsafe (UnsafeMutableRawPointer(self) + offset).assumingMemoryBound(to: Field.self)
  }
}

/// The values of one execution, laid out as the library reads them.
@safe private struct Parameters {
  private var binds: [MYSQL_BIND]
  /// All values, one behind the other; the binds point into it while they are lent.
  private var storage: [UInt8] = []
  private var offsets: [Int] = []

  init(_ values: [SQLValue]) {
    unsafe binds = unsafe []
    unsafe binds.reserveCapacity(values.count)
    for value in values {
      var bind = unsafe MYSQL_BIND()
      // Numbers and times are read in place: each begins at a multiple of eight.
      while storage.count % 8 != 0 { storage.append(0) }
      offsets.append(storage.count)
      switch value {
      case .null:
        unsafe bind.buffer_type = MYSQL_TYPE_NULL
      case .integer(let number):
        unsafe bind.buffer_type = MYSQL_TYPE_LONGLONG
        unsafe withUnsafeBytes(of: number) { unsafe storage.append(contentsOf: $0) }
      case .time(let microseconds):
        unsafe bind.buffer_type = MYSQL_TYPE_DATETIME
        unsafe withUnsafeBytes(of: CalendarTime.calendar(microseconds)) {
          unsafe storage.append(contentsOf: $0)
        }
      case .text(let text):
        unsafe bind.buffer_type = MYSQL_TYPE_STRING
        storage.append(contentsOf: text.utf8)
        unsafe bind.buffer_length = UInt(storage.count - offsets[offsets.count - 1])
      case .bytes(let bytes):
        unsafe bind.buffer_type = MYSQL_TYPE_BLOB
        storage.append(contentsOf: bytes)
        unsafe bind.buffer_length = UInt(bytes.count)
      }
      unsafe binds.append(bind)
    }
    // Even an empty value has an address.
    storage.append(0)
  }

  mutating func withBinds(_ use: (UnsafeMutablePointer<MYSQL_BIND>?) -> Bool) -> Bool {
    unsafe storage.withUnsafeMutableBytes { bytes in
      for index in unsafe binds.indices {
        unsafe binds[index].buffer = unsafe bytes.baseAddress.map { unsafe $0 + offsets[index] }
      }
      return unsafe binds.withUnsafeMutableBufferPointer {
        unsafe use($0.isEmpty ? nil : $0.baseAddress)
      }
    }
  }
}

/// Between microseconds since 1970 and the library's year, month, and day; both in UTC.
private enum CalendarTime {
  static func calendar(_ microseconds: Int64) -> MYSQL_TIME {
    var seconds = time_t(microseconds / 1_000_000)
    var fraction = microseconds % 1_000_000
    if fraction < 0 {
      fraction += 1_000_000
      seconds -= 1
    }
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    var time = MYSQL_TIME()
    time.year = unsafe UInt32(parts.tm_year + 1900)
    time.month = unsafe UInt32(parts.tm_mon + 1)
    time.day = unsafe UInt32(parts.tm_mday)
    time.hour = unsafe UInt32(parts.tm_hour)
    time.minute = unsafe UInt32(parts.tm_min)
    time.second = unsafe UInt32(parts.tm_sec)
    time.second_part = UInt(fraction)
    time.time_type = MYSQL_TIMESTAMP_DATETIME
    return time
  }

  static func microseconds(_ time: MYSQL_TIME) -> Int64 {
    var parts = unsafe tm()
    unsafe parts.tm_year = Int32(time.year) - 1900
    unsafe parts.tm_mon = Int32(time.month) - 1
    unsafe parts.tm_mday = Int32(time.day)
    unsafe parts.tm_hour = Int32(time.hour)
    unsafe parts.tm_min = Int32(time.minute)
    unsafe parts.tm_sec = Int32(time.second)
    return unsafe Int64(timegm(&parts)) * 1_000_000 + Int64(time.second_part)
  }
}
