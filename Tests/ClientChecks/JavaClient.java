import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.AppInfoParser;

/** The Java client against a broker, as kafka_python.py: java -cp KAFKA-CLIENTS.jar:SLF4J.jar JavaClient.java HOST:PORT */
public class JavaClient {
    static String servers, name = "java-" + System.nanoTime();
    static int failed = 0;

    static void expect(String what, boolean holds) {
        System.out.println((holds ? "OK   " : "FAIL ") + "Java client " + AppInfoParser.getVersion() + ": " + what);
        if (!holds) failed++;
    }

    static Map<String, Object> config(Object... pairs) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", servers));
        for (int i = 0; i < pairs.length; i += 2) config.put((String) pairs[i], pairs[i + 1]);
        return config;
    }

    static KafkaProducer<String, String> producer(Object... pairs) {
        return new KafkaProducer<>(config(pairs), new StringSerializer(), new StringSerializer());
    }

    static List<ConsumerRecord<String, String>> consume(int count) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(
                config("group.id", name, "auto.offset.reset", "earliest", "enable.auto.commit", "false",
                    "isolation.level", "read_committed", "max.poll.records", 100),
                new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(name));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
            while (records.size() < count && System.nanoTime() < deadline)
                consumer.poll(Duration.ofMillis(500)).forEach(records::add);
            consumer.commitSync();
        }
        return records;
    }

    public static void main(String[] arguments) throws Exception {
        servers = arguments[0];
        Admin admin = Admin.create(config());
        admin.createTopics(List.of(new NewTopic(name, 3, (short) 1))).all().get();
        expect("creates a topic and lists it", admin.listTopics().names().get().contains(name));

        String[] codecs = {"none", "gzip", "lz4"};
        for (String codec : codecs) {
            try (var producer = producer("compression.type", codec)) {
                List<java.util.concurrent.Future<RecordMetadata>> sent = new ArrayList<>();
                for (int n = 0; n < 500; n++)
                    sent.add(producer.send(new ProducerRecord<>(name, "k" + n, codec + "-" + n)));
                producer.flush();
                boolean all = true;
                for (var future : sent) all &= future.get().offset() >= 0;
                expect("produces idempotently, compression " + codec, all);
            }
        }
        int total = 500 * codecs.length;
        var records = consume(600);
        int first = records.size();
        records.addAll(consume(total - first));
        Set<String> values = new HashSet<>();
        records.forEach(record -> values.add(record.value()));
        expect("consumes in a group, and resumes from its commit",
            first < total && records.size() == total && values.size() == total);

        try (var producer = producer("transactional.id", name)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(name, "k", "aborted")).get();
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(name, "k", "committed"));
            producer.sendOffsetsToTransaction(
                Map.of(new TopicPartition(name, 0), new OffsetAndMetadata(7)), new ConsumerGroupMetadata(name + "-other"));
            producer.commitTransaction();
        }
        var last = consume(1);
        expect("a transaction is seen when it is committed", last.size() == 1 && last.get(0).value().equals("committed"));
        var offsets = admin.listConsumerGroupOffsets(name + "-other").partitionsToOffsetAndMetadata().get();
        expect("offsets of a transaction", offsets.get(new TopicPartition(name, 0)).offset() == 7);
        expect("describes a group",
            admin.describeConsumerGroups(List.of(name)).all().get().get(name).groupId().equals(name));
        admin.deleteTopics(List.of(name)).all().get();
        admin.close();
        System.exit(failed == 0 ? 0 : 1);
    }
}
