/// The text form of an array, such as `{1,NULL,"a b"}` or `[0:1]={1,2}`, as an array of JSON. JSON has no lower bounds; they are
/// dropped.
struct ArrayText {
    private let text: UnsafeRawBufferPointer
    private let delimiter: UInt8

    init(_ text: UnsafeRawBufferPointer, delimiter: UInt8) {
        let start = text.first == UInt8(ascii: "[") ? text.firstIndex(of: UInt8(ascii: "{")) ?? 0 : 0
        self.text = UnsafeRawBufferPointer(rebasing: text[start...])
        self.delimiter = delimiter
    }

    /// Appends the JSON of the array.
    func append(as element: ValueForm, to output: inout [UInt8]) {
        var index = 0
        var isFirst = true
        while index < text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "{"):
                if !isFirst { output.append(UInt8(ascii: ",")) }
                output.append(UInt8(ascii: "["))
                isFirst = true
                index += 1
            case UInt8(ascii: "}"):
                output.append(UInt8(ascii: "]"))
                isFirst = false
                index += 1
            case delimiter: index += 1
            default:
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                index = appendElement(from: index, as: element, to: &output)
            }
        }
    }

    /// Appends an element. Returns the index after it.
    private func appendElement(from start: Int, as form: ValueForm, to output: inout [UInt8]) -> Int {
        var index = start
        guard text[start] == UInt8(ascii: "\"") else {
            while index < text.count, text[index] != delimiter, text[index] != UInt8(ascii: "}") { index += 1 }
            let piece = UnsafeRawBufferPointer(rebasing: text[start..<index])
            if piece.elementsEqual("NULL".utf8) {
                output += Array("null".utf8)
            } else {
                form.append(piece, to: &output)
            }
            return index
        }
        var element: [UInt8] = []
        index += 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            if text[index] == UInt8(ascii: "\\") { index += 1 }
            if index < text.count { element.append(text[index]) }
            index += 1
        }
        element.withUnsafeBytes { form.append($0, to: &output) }
        return index + 1
    }
}
