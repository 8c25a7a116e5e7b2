using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Faultline.Workloads;

/// <summary>A workload that is set up in a program, and from which samples are taken.</summary>
public sealed class WorkloadRun : IDisposable
{
    private readonly IReadOnlyList<WorkloadTask> _tasks;
    private readonly Worker[] _workers;

    // Set by the thread that takes the sample, when its time is over or a worker has failed; read by the workers in every step.
    private volatile bool _stop;

    private WorkloadRun(IReadOnlyList<WorkloadTask> tasks)
    {
        _tasks = tasks;
        _workers = [.. tasks.Select(task => new Worker(task))];
    }

    /// <summary>Sets a workload up for so many threads. The program must outlive the run.</summary>
    public static WorkloadRun Open<TThread>(Workload workload, IProgram<TThread> program, int threads, WorkloadOptions options)
        where TThread : struct, IProgramThread
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        return new WorkloadRun(workload.Prepare(program, threads, options));
    }

    /// <summary>Lets all threads go at once, and waits until all are through.</summary>
    /// <exception cref="WorkloadException">Memory does not hold what was written.</exception>
    public WorkloadSample Sample(WorkloadLength length, CancellationToken cancellation = default)
    {
        _stop = false;
        using var start = new Barrier(_workers.Length + 1);
        var threads = _workers.Select(worker => new Thread(() => Work(worker, length, start)) { IsBackground = true, Name = "workload" }).ToArray();
        foreach (var thread in threads) thread.Start();
        start.SignalAndWait(CancellationToken.None);
        if (length.Time is { } time) cancellation.WaitHandle.WaitOne(time);
        else Await(threads, cancellation);
        if (length.Time is not null || cancellation.IsCancellationRequested) _stop = true;
        foreach (var thread in threads) thread.Join();

        cancellation.ThrowIfCancellationRequested();
        if (_workers.Select(w => w.Failure).FirstOrDefault(f => f is not null) is { } failure) ExceptionDispatchInfo.Throw(failure);
        return Sum();
    }

    /// <summary>Checks what all samples together have left behind.</summary>
    /// <exception cref="WorkloadException">Memory does not hold what was written.</exception>
    public void Verify()
    {
        foreach (var task in _tasks) task.Verify();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var task in _tasks) task.Dispose();
    }

    private static void Await(Thread[] threads, CancellationToken cancellation)
    {
        foreach (var thread in threads)
        {
            while (!cancellation.IsCancellationRequested && !thread.Join(s_tick))
            {
            }
        }
    }

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);

    private void Work(Worker worker, WorkloadLength length, Barrier start)
    {
        long wanted = length.Time is null ? length.Count : long.MaxValue, done = 0;
        start.SignalAndWait();
        long before = Stopwatch.GetTimestamp();
        try
        {
            do
            {
                done += worker.Task.Step(worker.Latency);
            }
            while (done < wanted && !_stop);
        }
        catch (Exception e)
        {
            worker.Failure = e;
            _stop = true;
        }

        worker.Done = done;
        worker.Seconds = Stopwatch.GetElapsedTime(before).TotalSeconds;
    }

    private WorkloadSample Sum()
    {
        var latency = new LatencyHistogram();
        foreach (var worker in _workers) latency.Add(worker.Latency.Take());
        long operations = _workers.Sum(w => w.Done);
        return new(operations, _workers.Sum(w => w.Done / w.Seconds), _workers.Sum(w => w.Seconds) * 1e9 / operations, latency);
    }

    /// <summary>One thread's share. Written by the worker; read when it has ended.</summary>
    private sealed class Worker(WorkloadTask task)
    {
        public WorkloadTask Task { get; } = task;

        public LatencySampler Latency { get; } = new();

        public long Done { get; set; }

        public double Seconds { get; set; }

        public Exception? Failure { get; set; }
    }
}
