import Millrace

/// Writes the subscriptions in a foreign-key join's store as the recordings do, which use Java's `toString`.
enum SubscriptionText {
    static func key(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF")
        return bytes.map { byte in
            (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\\")
                ? String(UnicodeScalar(byte)) : "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }.joined()
    }

    static func value(_ bytes: [UInt8]) throws -> String {
        let subscription = try Serde<Subscription<String>>.subscription(of: .string).value(from: bytes)
        let hash = subscription.hash.map { "[\(Int64(bitPattern: $0.first)), \(Int64(bitPattern: $0.second))]" }
        let partition = subscription.primaryPartition.map(String.init)
        return "SubscriptionWrapper{version=\(partition == nil ? 0 : 1), primaryKey=\(subscription.primaryKey), "
            + "instruction=\(name(subscription.instruction)), hash=\(hash ?? "null"), "
            + "primaryPartition=\(partition ?? "null")}"
    }

    private static func name(_ instruction: Subscription<String>.Instruction) -> String {
        switch instruction {
        case .deleteKeyNoPropagate: "DELETE_KEY_NO_PROPAGATE"
        case .deleteKeyAndPropagate: "DELETE_KEY_AND_PROPAGATE"
        case .propagateNullIfNoValue: "PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE"
        case .propagateOnlyIfValue: "PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE"
        }
    }
}
