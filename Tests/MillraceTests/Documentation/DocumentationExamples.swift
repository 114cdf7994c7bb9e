import Millrace
import Testing

private struct Item: Codable, Sendable {
    var product: String
    var amount: Int64
}

private struct Order: Codable, Sendable {
    var items: [Item]
}

private struct View: Codable, Sendable {
    var user: String
}

private struct Customer: Codable, Sendable {
    var city: String
}

private struct ProductOrder: Codable, Sendable {
    var product: String
    var amount: Int64
}

private struct Product: Codable, Sendable {
    var title: String
}

private struct Shop: Codable, Sendable {
    var city: String
}

private struct Account: Codable, Sendable {
    var owner: String
    var country: String
    var isOpen: Bool
}

/// The examples of the DSL's comments and of the guides, unchanged.
@Suite("Examples in the documentation")
struct DocumentationExamples {
    @Test("the examples of streams build")
    func streams() throws {
        let builder = StreamsBuilder()
        let payments = builder.stream(["card-payments", "cash-payments"], key: .string, value: .json(Payment.self))
        payments.filter { _, payment in payment.amount > 1_000 }.to("large", value: .json())
        payments.filter { record in record.headers.last(named: "replayed") == nil }.to("new")
        payments.filterNot { _, payment in payment.isTest }.to("real")
        payments.to("payments-by-size") { record, count in
            (record.value?.amount ?? 0) < 1_000 ? .byKey : .one(count - 1)
        }
        builder.stream("clicks", key: .string, value: .string, offsetReset: .latest).to("new-clicks")
        let amounts = payments.mapValues { payment in payment.amount }
        amounts.to("amounts", value: .double)
        payments.mapValues { account, payment in "\(account ?? "nobody") paid \(payment.amount)" }.to("sentences")
        payments.map { _, payment in (payment.account, payment.amount) }.to("by-account")
        payments.peek { record in print(record.timestampMs) }.foreach { record in print(record.value?.amount ?? 0) }
        payments.selectKey { _, payment in payment.shop }.repartition(named: "by-shop", partitions: 12).to("shops")
        payments.groupByKey().count()
        payments.groupBy { _, payment in payment.shop }.count()
        payments.groupByKey().count(into: .store("payments-per-account"))
        amounts.groupByKey().reduce { total, amount in total + amount }
        payments.groupByKey().aggregate(into: .store("highest", value: .double), initial: 0) { _, payment, highest in
            max(payment.amount, highest)
        }
        let split = payments.split(named: "size-")
        let large = split.branch("large") { _, payment in payment.amount > 1_000 }
        let small = split.defaultBranch("small")
        large.merge(small).to("again")

        let lines = builder.stream("lines", of: Record<String, String>.self)
        lines.flatMapValues { line in line.split(separator: " ").map(String.init) }.to("words")
        let orders = builder.stream("orders", key: .string, value: .json(Order.self))
        orders.flatMap { _, order in order.items.map { item in (item.product, item.amount) } }.to("items")
        let views = builder.stream("views", key: .bytes, value: .json(View.self))
        views.selectKey { _, view in view.user }.to("views-by-user")
        let addresses = builder.stream("addresses", of: Record<String, String>.self)
        addresses.toTable(into: .store("addresses"))
        builder.stream("readings", key: .string, value: .double)
            .mapRecordValues { record in record.value ?? -1 }.to("filled")
        _ = try builder.build()
    }

    @Test("the examples of tables build")
    func tables() throws {
        let builder = StreamsBuilder()
        let customers = builder.table(
            "customers", key: .string, value: .json(Customer.self), into: .store("customers"))
        customers.mapValues { customer in customer.city }.toStream().to("cities")
        customers.groupBy { id, customer in (customer.city, id) }.count()
        customers.groupBy { id, customer in (customer.city, id) }.aggregate(into: .store("cities"), initial: "") {
            _, id, ids in
            ids + id
        } subtractor: {
            _, id, ids in
            ids.split(separator: id).joined()
        }
        let balances = builder.table("balances", key: .string, value: .double)
        balances.filter { _, balance in balance < 0 }.toStream().to("debts")
        balances.filterNot { _, balance in balance == 0 }.toStream().to("accounts")
        balances.groupBy { account, balance in (account.prefix(2).description, balance) }
            .reduce { total, balance in
                total + balance
            } subtractor: { total, balance in
                total - balance
            }
        let accounts = builder.table("accounts", key: .string, value: .json(Account.self))
        accounts
            .filter { _, account in account.isOpen }
            .groupBy(key: .string, value: .int64) { _, account in (account.country, 1) }
            .count(into: .store("open-by-country"))
        _ = try builder.build(optimization: .all)
    }

    @Test("the examples of joins build")
    func joins() throws {
        let builder = StreamsBuilder()
        let accounts = builder.table("accounts", key: .string, value: .json(Account.self))
        let limits = builder.table("limits", key: .string, value: .double)
        accounts
            .leftJoin(limits, into: .store("account-limits", value: .string)) { account, limit in
                "\(account.owner) may spend \(limit ?? 0)"
            }
            .toStream()
            .to("account-limits")
        accounts.join(limits) { account, limit in "\(account.owner) may spend \(limit)" }
        accounts.leftJoin(limits) { account, limit in
            limit.map { "\(account.owner) may spend \($0)" } ?? account.owner
        }
        let stocks = builder.table("stocks", key: .string, value: .int64)
        let orders = builder.table("orders", key: .string, value: .int64)
        stocks.outerJoin(orders) { stock, ordered in (stock ?? 0) + (ordered ?? 0) }
        let payments = builder.stream("payments", key: .string, value: .json(Payment.self))
        payments.join(accounts) { payment, account in "\(account.owner) paid \(payment.amount)" }.to("receipts")
        payments.leftJoin(accounts) { payment, account in "\(account?.owner ?? "somebody") paid" }.to("all-receipts")
        let prices = builder.table(
            "prices", key: .string, value: .double, into: .versioned("prices", historyRetention: .seconds(3600)))
        let sales = builder.stream("sales", key: .string, value: .int64)
        sales.join(prices, grace: .seconds(10)) { pieces, price in Double(pieces) * price }.to("sums")
        _ = try builder.build(optimization: .all)
    }

    @Test("the examples of joins of streams build")
    func streamJoins() throws {
        let builder = StreamsBuilder()
        let orders = builder.stream("orders", key: .string, value: .json(ProductOrder.self))
        let payments = builder.stream("payments", key: .string, value: .json(Payment.self))
        orders.join(payments, within: .difference(.seconds(300))) { order, payment in
            "\(order.product) paid with \(payment.amount)"
        }.to("paid")
        orders.leftJoin(payments, within: .difference(.seconds(300))) { order, payment in
            payment.map { "\(order.product) paid with \($0.amount)" } ?? "\(order.product) not paid"
        }.to("all-orders")
        orders.outerJoin(payments, within: .difference(.seconds(300))) { order, payment in
            "\(order?.product ?? "nothing ordered") for \(payment?.amount ?? 0)"
        }.to("both")
        orders.join(
            payments, within: JoinWindows.difference(.seconds(300), grace: .seconds(30)).before(.zero),
            as: .store("order-payments")
        ) { order, payment in
            "\(order.product) paid later with \(payment.amount)"
        }.to("paid-later")
        _ = try builder.build(optimization: .all)
    }

    @Test("the examples of foreign-key joins and global tables build")
    func otherKeys() throws {
        let builder = StreamsBuilder()
        let orders = builder.table("orders", key: .string, value: .json(ProductOrder.self))
        let products = builder.table("products", key: .string, value: .json(Product.self))
        orders.join(products) { _, order in
            order.product
        } joiner: { order, product in
            "\(order.amount) of \(product.title)"
        }
        let partitioned = TableJoined<String, String>(otherPartition: { product, count in
            product.hasPrefix("a") ? 0 : count - 1
        })
        orders.join(products, as: partitioned) { _, order in
            order.product
        } joiner: { order, product in
            "\(order.amount) of \(product.title)"
        }
        orders.leftJoin(products) { _, order in
            order.product
        } joiner: { order, product in
            "\(order.amount) of \(product?.title ?? "something")"
        }
        let payments = builder.stream("payments", key: .string, value: .json(Payment.self))
        let shops = builder.globalTable(
            "shops", key: .string, value: .json(Shop.self), into: .store("shops"))
        payments.join(shops) { _, payment in
            payment.shop
        } joiner: { payment, shop in
            "\(payment.amount) in \(shop.city)"
        }.to("amounts")
        payments.leftJoin(shops) { _, payment in
            payment.shop
        } joiner: { payment, shop in
            "\(payment.amount) in \(shop?.city ?? "no shop")"
        }.to("all-amounts")
        _ = try builder.build(optimization: .all)
    }
}
