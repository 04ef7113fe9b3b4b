%% A fixed set of processes exchanges messages; each function answers how many messages the processes say they handled.
-module(messages).
-export([ping_pong/1, thread_ring/1, counting/1, fork_join/1, big/1, chain/1]).

ping_pong(Messages) ->
    Main = self(),
    Left = spawn_link(fun() -> player(Main, 0) end),
    Right = spawn_link(fun() -> player(Main, 0) end),
    Left ! {ball, Right, Messages - 1},
    receive finished -> ok end,
    collect([Left, Right]).

player(Main, Received) ->
    receive
        {ball, _From, 0} ->
            Main ! finished,
            player(Main, Received + 1);
        {ball, From, Left} ->
            From ! {ball, self(), Left - 1},
            player(Main, Received + 1);
        {report, To} ->
            To ! {handled, Received}
    end.

thread_ring(Hops) ->
    Main = self(),
    Ring = [spawn_link(fun() -> link_in(Main, undefined, 0) end) || _ <- lists:seq(1, 503)],
    [Actor ! {join, Next} || {Actor, Next} <- lists:zip(Ring, tl(Ring) ++ [hd(Ring)])],
    hd(Ring) ! {token, Hops - 1},
    receive finished -> ok end,
    collect(Ring).

link_in(Main, Next, Received) ->
    receive
        {join, Joined} ->
            link_in(Main, Joined, Received);
        {token, 0} ->
            Main ! finished,
            link_in(Main, Next, Received + 1);
        {token, Left} ->
            Next ! {token, Left - 1},
            link_in(Main, Next, Received + 1);
        {report, To} ->
            To ! {handled, Received}
    end.

counting(Messages) ->
    Main = self(),
    Counter = spawn_link(fun() -> counter(0) end),
    spawn_link(fun() ->
        produce(Counter, Messages),
        Counter ! {retrieve, self()},
        receive {result, Count} -> Main ! {counted, Count} end
    end),
    receive {counted, Count} -> Count end.

produce(_Counter, 0) -> ok;
produce(Counter, Left) ->
    Counter ! increment,
    produce(Counter, Left - 1).

counter(Count) ->
    receive
        increment -> counter(Count + 1);
        {retrieve, From} -> From ! {result, Count}
    end.

fork_join(Messages) ->
    Main = self(),
    Share = (Messages + 59) div 60,
    Workers = [spawn_link(fun() -> worker(Main, Share, 0, 0.0) end) || _ <- lists:seq(1, 60)],
    send_rounds(Workers, 0, Share),
    [receive finished -> ok end || _ <- Workers],
    collect(Workers).

send_rounds(_Workers, Share, Share) -> ok;
send_rounds(Workers, Round, Share) ->
    [Worker ! {work, Round} || Worker <- Workers],
    send_rounds(Workers, Round + 1, Share).

worker(Main, Share, Handled, Sum) ->
    receive
        {work, Angle} ->
            if Handled + 1 =:= Share -> Main ! finished; true -> ok end,
            worker(Main, Share, Handled + 1, Sum + math:sin(Angle));
        {report, To} ->
            To ! {handled, Handled}
    end.

big(Messages) ->
    Main = self(),
    Pings = (Messages + 199) div 200,
    Players = [spawn_link(fun() -> pinger(Main, {}, Index, Pings, 0) end) || Index <- lists:seq(1, 100)],
    Everybody = list_to_tuple(Players),
    [Player ! {start, Everybody} || Player <- Players],
    [receive finished -> ok end || _ <- Players],
    collect(Players).

pinger(Main, Everybody, Seed, Left, Received) ->
    receive
        {ping, From} ->
            From ! pong,
            pinger(Main, Everybody, Seed, Left, Received + 1);
        pong ->
            go_on(Main, Everybody, Seed, Left, Received + 1);
        {start, All} ->
            go_on(Main, All, Seed, Left, Received);
        {report, To} ->
            To ! {handled, Received}
    end.

go_on(Main, Everybody, Seed, 0, Received) ->
    Main ! finished,
    pinger(Main, Everybody, Seed, 0, Received);
go_on(Main, Everybody, Seed, Left, Received) ->
    Drawn = runner:draw(Seed),
    element(Drawn rem 100 + 1, Everybody) ! {ping, self()},
    pinger(Main, Everybody, Drawn, Left - 1, Received).

%% A chain in which everybody knows only the next.
chain(Actors) ->
    Main = self(),
    Last = spawn_link(fun() -> receive {hop, Hops} -> Main ! {arrived, Hops + 1} end end),
    First = lists:foldl(
        fun(_, Next) -> spawn_link(fun() -> receive {hop, Hops} -> Next ! {hop, Hops + 1} end end) end,
        Last,
        lists:seq(2, Actors)
    ),
    First ! {hop, 0},
    receive {arrived, Hops} -> Hops end.

collect(Actors) ->
    [Actor ! {report, self()} || Actor <- Actors],
    lists:sum([receive {handled, Handled} -> Handled end || _ <- Actors]).
