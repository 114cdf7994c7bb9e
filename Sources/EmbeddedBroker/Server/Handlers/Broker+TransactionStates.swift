import ClusterCore

extension Broker {
    func listTransactions(_ request: ListTransactions.Request, _: Call) -> ListTransactions.Response {
        var filter = TransactionFilter()
        filter.states = Set(request.states)
        filter.producerIDs = Set(request.producerIDs)
        filter.durationMs = request.durationMs
        var response = ListTransactions.Response()
        response.unknownStates = request.states.withoutRepetitions { $0 }
            .filter { !TransactionState.knownNames.contains($0) }
        response.transactions = cluster.listTransactions(filter, nowMs: nowMs).map {
            ListTransactions.Response.Transaction(
                transactionalID: $0.transactionalID, producerID: $0.producer.producerID, state: $0.state.name)
        }
        return response
    }

    func describeTransactions(_ request: DescribeTransactions.Request, _: Call) -> DescribeTransactions.Response {
        var response = DescribeTransactions.Response()
        response.transactions = request.transactionalIDs.withoutRepetitions { $0 }.map { transactionalID in
            var answer = DescribeTransactions.Response.Transaction()
            answer.transactionalID = transactionalID
            do throws(KafkaError) {
                let transaction = try cluster.describeTransaction(transactionalID)
                answer.state = transaction.state.name
                answer.timeoutMs = transaction.timeoutMs
                answer.startMs = transaction.startMs
                answer.producerID = transaction.producer.producerID
                answer.producerEpoch = transaction.producer.epoch
                answer.topics = Dictionary(grouping: transaction.partitions, by: \.topic)
                    .sorted { $0.key < $1.key }
                    .map { WireTopic($0.key, $0.value.map(\.partition)) }
            } catch {
                answer.error = error.code
            }
            return answer
        }
        return response
    }

    func describeProducers(_ request: DescribeProducers.Request, _: Call) -> DescribeProducers.Response {
        var seen: Set<TopicPartition> = []
        var response = DescribeProducers.Response()
        response.topics = request.topics.map { topic in
            let asked = topic.partitions.filter { seen.insert(TopicPartition(topic.name, $0)).inserted }
            return WireTopic(topic.name, asked.map { describeProducers(TopicPartition(topic.name, $0)) })
        }
        return response
    }

    private func describeProducers(_ partition: TopicPartition) -> DescribeProducers.Response.Partition {
        var answer = DescribeProducers.Response.Partition()
        answer.index = partition.partition
        do throws(KafkaError) {
            answer.producers = try cluster.describeProducers(partition).map {
                DescribeProducers.Response.Producer(
                    producerID: $0.producer.producerID, producerEpoch: Int32($0.producer.epoch),
                    lastSequence: $0.lastSequence, lastTimestampMs: $0.lastTimestampMs,
                    coordinatorEpoch: $0.coordinatorEpoch, transactionStartOffset: $0.currentTransactionStartOffset)
            }
        } catch {
            answer.error = error.code
            answer.errorMessage = error.message
        }
        return answer
    }
}
