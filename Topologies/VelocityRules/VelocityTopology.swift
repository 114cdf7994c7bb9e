public import Millrace

/// Velocity rules against fraud: too many payments in a short time, or too much spent in one session.
///
/// The burst rule checks each hopping window once, when it has closed. The spree rule checks a session whenever it grows,
/// because a decision waits for it. A table has the limits of single accounts; the usual limits apply to all others.
public struct VelocityTopology: Sendable {
    public static let transactions = "card-transactions"
    public static let limits = "account-limits"
    public static let alerts = "velocity-alerts"

    /// The span of the burst rule; 5 minutes by default.
    public var burstSpan: Duration = .seconds(300)
    /// The distance between the starts of two spans; a minute by default.
    public var burstAdvance: Duration = .seconds(60)
    /// The time that a span waits for late transactions; 30 seconds by default.
    public var grace: Duration = .seconds(30)
    /// The pause that ends a session; 10 minutes by default.
    public var sessionGap: Duration = .seconds(600)
    /// The limits of accounts that have none in the table.
    public var usualLimits = AccountLimits(maxTransactions: 10, maxAmountInCents: 100_000)

    public init() {}

    public func define(in builder: StreamsBuilder) {
        let limits = builder.table(
            Self.limits, key: .string, value: .json(AccountLimits.self), into: .store(Self.limits))
        let byAccount =
            builder
            .stream(Self.transactions, key: .string, value: .json(Transaction.self), timestamp: .value(\.timestampMs))
            .groupByKey()
        let bursts =
            byAccount
            .windowedBy(.hopping(burstSpan, advance: burstAdvance, grace: grace))
            .aggregate(into: .store("bursts", value: .json(Activity.self)), initial: Activity()) {
                _, transaction, activity in activity.adding(transaction)
            }
            .suppress(.untilWindowCloses(), named: "closed-bursts")
        let sprees =
            byAccount
            .windowedBy(.session(gap: sessionGap, grace: grace))
            .aggregate(into: .store("sprees", value: .json(Activity.self)).withoutCache(), initial: Activity()) {
                _, transaction, activity in
                activity.adding(transaction)
            } merge: {
                _, left, right in
                left.adding(right)
            }
        alerts(of: bursts, .burst, against: limits) { $0.transactions > $1.maxTransactions }
        alerts(of: sprees, .spree, against: limits) { $0.amountInCents > $1.maxAmountInCents }
    }

    /// Writes an alert for each activity that breaks a rule, under its account's limits.
    private func alerts(
        of activities: KTable<Windowed<String>, Activity>, _ rule: VelocityAlert.Rule,
        against limits: KTable<String, AccountLimits>,
        where isBroken: @escaping @Sendable (Activity, AccountLimits) -> Bool
    ) {
        let usual = usualLimits
        activities
            .toStream(named: "\(rule.rawValue)-activities")
            .map(named: "\(rule.rawValue)-by-account", key: .string, value: .json(Activity.self)) {
                windowed, activity in
                var known = activity
                known.startMs = windowed?.window.startMs ?? 0
                known.endMs = windowed?.window.endMs ?? 0
                return (windowed?.key, known)
            }
            .leftJoin(limits, named: "\(rule.rawValue)-limits", result: .json(VelocityAlert.self)) {
                activity, limits in
                isBroken(activity, limits ?? usual) ? VelocityAlert(rule: rule, activity: activity) : nil
            }
            .filter(named: "\(rule.rawValue)-broken") { _, _ in true }
            .to(Self.alerts, named: "\(rule.rawValue)-alerts")
    }
}
