// Command kube-network-policies is the project of that name with the node's kubeconfig in place of a pod's account.
//
// It decides about the packets that the kernel hands to its queue. Its own nftables rules need the kernel's
// nft_queue, which not every kernel has; the node brings rules of iptables that feed the same queue.
package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// quiet leaves out what is said of those nftables rules, which is pages a minute where the kernel refuses them.
type quiet struct{ io.Writer }

func (log quiet) Write(entry []byte) (int, error) {
	if bytes.Contains(entry, []byte("nftables")) || bytes.Contains(entry, []byte("netlink receive")) {
		return len(entry), nil
	}
	return log.Writer.Write(entry)
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file to reach the API server with")
	node := flag.String("hostname-override", "", "name of this node")
	queue := flag.Int("nfqueue-id", 100, "number of the kernel's queue")
	flag.Parse()
	klog.LogToStderr(false)
	klog.SetOutputBySeverity("INFO", quiet{os.Stderr})

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer cancel()
	if err := run(ctx, *kubeconfig, networkpolicy.Config{NodeName: *node, QueueID: *queue}); err != nil {
		klog.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig string, settings networkpolicy.Config) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	shared := informers.NewSharedInformerFactory(client, 0)
	controller, err := networkpolicy.NewController(
		client,
		shared.Networking().V1().NetworkPolicies(),
		shared.Core().V1().Namespaces(),
		shared.Core().V1().Pods(),
		nil, nil, nil, nil,
		settings,
	)
	if err != nil {
		return err
	}
	shared.Start(ctx.Done())
	return controller.Run(ctx)
}
