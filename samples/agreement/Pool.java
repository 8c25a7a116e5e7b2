import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A pool of four threads that fills a map with arrays until the collector works. */
public class Pool {
    public static void main(String[] arguments) throws InterruptedException {
        var pool = Executors.newFixedThreadPool(4);
        var map = new ConcurrentHashMap<Integer, byte[]>();
        for (int i = 0; i < 4000; i++) {
            int k = i;
            pool.submit(() -> map.put(k % 500, new byte[20000 + k]));
        }
        pool.shutdown();
        pool.awaitTermination(1, TimeUnit.MINUTES);
        System.out.println(map.size());
    }
}
