/// What keeps an operator's command from being done, as one sentence that says what to do.
package struct OperatorError: Error, CustomStringConvertible {
  package let description: String

  package init(_ sentence: String) {
    description = sentence
  }
}
