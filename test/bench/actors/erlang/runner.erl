%% Entry of every run: one case at a size, once at a tenth to warm up where it is rated, then measured.
%% The last line on stdout is a JSON object of figures, as the programs on Node print it.
-module(runner).
-export([main/2, cpu_micros/0, draw/1]).

main(Case, Size) ->
    Figures = figures(Case, Size),
    Fields = [io_lib:format("\"~s\":~w", [Name, Value]) || {Name, Value} <- Figures],
    io:format("{~s}~n", [lists:join(",", Fields)]),
    halt(0).

figures('idle-transition', Size) -> lifecycles:idle(Size);
figures('spawn-siblings', Size) -> siblings:measure(Size);
figures('million-hops', Size) -> [{count, messages:chain(Size)}];
figures('flood-delay', Size) -> flood:measure(Size);
figures(Case, Size) ->
    Work = work(Case),
    Work(max(1, Size div 10)),
    Started = cpu_micros(),
    Count = Work(Size),
    Spent = max(1, cpu_micros() - Started),
    [{count, Count}, {rate, Count * 1.0e6 / Spent}, {nanoseconds, Spent * 1000 / Count}].

work('ping-pong') -> fun messages:ping_pong/1;
work('thread-ring') -> fun messages:thread_ring/1;
work(counting) -> fun messages:counting/1;
work('fork-join-throughput') -> fun messages:fork_join/1;
work(big) -> fun messages:big/1;
work(chameneos) -> fun chameneos:run/1;
work('fork-join-create') -> fun lifecycles:fork_join_create/1;
work(skynet) -> fun lifecycles:skynet/1;
work('spawn-stop') -> fun lifecycles:spawn_stop/1;
work('spawn-stop-otp') -> fun supervised:spawn_stop/1;
work('compiled-step') -> fun machine:steps/1.

%% User and system time of all threads of the emulator; its resolution is a millisecond.
cpu_micros() ->
    {Milliseconds, _} = erlang:statistics(runtime),
    Milliseconds * 1000.

%% The same sequence as the programs on Node draw.
draw(Seed) -> (Seed * 48271) rem 2147483647.
