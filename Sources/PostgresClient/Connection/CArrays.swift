import CPostgres

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Texts as an array of C strings that ends with a null pointer.
final class CStrings {
    private let memory: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        memory = .allocate(capacity: texts.count + 1)
        memory.initialize(repeating: nil, count: texts.count + 1)
        for (index, text) in texts.enumerated() { memory[index] = UnsafePointer(strdup(text)) }
    }

    deinit {
        for index in 0..<count { free(UnsafeMutablePointer(mutating: memory[index])) }
        memory.deallocate()
    }

    var pointers: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(memory) }
}

extension [PostgresParameter] {
    /// Calls a closure with the arrays that libpq takes.
    func withPointers<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> Result
    ) -> Result {
        let bytes = flatMap { $0.bytes ?? [] }
        let lengths = map { Int32(clamping: $0.bytes?.count ?? 0) }
        let formats: [Int32] = map { $0.isBinary ? 1 : 0 }
        return bytes.withUnsafeBufferPointer { bytes in
            // Empty values need an address, too: null would be null.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { nowhere in
                nowhere.initialize(repeating: 0)
                var pointers: [UnsafePointer<CChar>?] = []
                pointers.reserveCapacity(count + 1)
                var offset = 0
                for parameter in self {
                    guard let size = parameter.bytes?.count else {
                        pointers.append(nil)
                        continue
                    }
                    let base =
                        size == 0
                        ? nowhere.baseAddress.map { UnsafePointer($0) } : bytes.baseAddress.map { $0 + offset }
                    pointers.append(base.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) })
                    offset += size
                }
                pointers.append(nil)
                return body(pointers, lengths + [0], formats + [0])
            }
        }
    }
}
