/// A payment, as JSON in the topic `card-transactions`, keyed by the account.
public struct Transaction: Codable, Sendable, Hashable {
    public var account: String
    public var amountInCents: Int64
    /// The time of the payment, in milliseconds since the epoch.
    public var timestampMs: Int64

    public init(account: String, amountInCents: Int64, timestampMs: Int64) {
        self.account = account
        self.amountInCents = amountInCents
        self.timestampMs = timestampMs
    }
}

/// The limits of an account, as JSON in the topic `account-limits`, keyed by the account. The newest ones count.
public struct AccountLimits: Codable, Sendable, Hashable {
    /// Transactions within the span of the burst rule.
    public var maxTransactions: Int64
    /// Spending within one session.
    public var maxAmountInCents: Int64

    public init(maxTransactions: Int64, maxAmountInCents: Int64) {
        self.maxTransactions = maxTransactions
        self.maxAmountInCents = maxAmountInCents
    }
}

/// The activity of an account within a span of time.
public struct Activity: Codable, Sendable, Hashable {
    public var transactions: Int64
    public var amountInCents: Int64
    /// The span, in milliseconds since the epoch; as it is known outside of the window.
    public var startMs: Int64
    public var endMs: Int64

    public init(transactions: Int64 = 0, amountInCents: Int64 = 0, startMs: Int64 = 0, endMs: Int64 = 0) {
        self.transactions = transactions
        self.amountInCents = amountInCents
        self.startMs = startMs
        self.endMs = endMs
    }

    func adding(_ transaction: Transaction) -> Activity {
        var sum = self
        sum.transactions += 1
        sum.amountInCents += transaction.amountInCents
        return sum
    }

    func adding(_ other: Activity) -> Activity {
        var sum = self
        sum.transactions += other.transactions
        sum.amountInCents += other.amountInCents
        return sum
    }
}

/// A rule that was broken, as JSON in the topic `velocity-alerts`, keyed by the account.
public struct VelocityAlert: Codable, Sendable, Hashable {
    public enum Rule: String, Codable, Sendable {
        /// Too many transactions within the span.
        case burst
        /// Too much spent in one session.
        case spree
    }

    public var rule: Rule
    public var activity: Activity

    public init(rule: Rule, activity: Activity) {
        self.rule = rule
        self.activity = activity
    }
}
